"""Where training went back to an earlier epoch is marked, wherever values are drawn over a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from matplotlib.figure import Figure

import sparsey_trace as st
from sparsey_trace.charts.axes.look import Look
from sparsey_trace.charts.catalogue import CHARTS
from sparsey_trace.charts.code_usage import usage_maps
from sparsey_trace.charts.layer_value_distribution import value_distributions
from sparsey_trace.charts.panels.curve_panels import remarks
from sparsey_trace.charts.shared.matches import matches
from sparsey_trace.charts.shared.run import Return
from sparsey_trace.charts.shared.views import View
from tests.charts.looks import panels, run_of, traces
from tests.metrics.by_hand import LAYOUT, written

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sparsey_trace.charts.shared.run import Run

DRAWN = ("basis_set_size", "code_usage_over_epochs")
BACK = Return(seen=8, step=4, epoch=1, before=2)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    codes, active = [[[step % 3, 0], [0, 0]] for step in range(6)], [[[1, 1], [1, 0]]] * 6
    path = tmp_path_factory.mktemp("back") / "run.h5"
    written(path, codes=codes, active=active, epochs=(0, 1, 1, 2, 1, 2))
    with st.open_trace(path) as trace:
        yield run_of(trace, st.analyze(trace, metrics=["basis_set_size", "code_usage"]))


def test_the_place_is_where_the_training_samples_before_it_end(run: Run) -> None:
    assert run.returns == (BACK,)


@pytest.mark.parametrize("name", DRAWN)
def test_it_is_marked_in_both_kinds_of_drawing(run: Run, name: str) -> None:
    (panel,) = panels(name, run)[:1]
    (line,) = traces(panel, "return")
    assert list(line["x"]) == [8, 8]
    assert line["hovertemplate"].startswith("training went back to epoch 1 from 2<br>at step 4<")
    ax, chart = Figure().subplots(), CHARTS[name]
    found = chart.data(run)
    chart.draw(ax, found, Look(layers=[0]))
    assert [8, 8] in [list(line.get_xdata()) for line in ax.get_lines() if line.get_linestyle() == "-."]
    assert "dash-dotted: back to an\nearlier epoch" in ax.get_legend().get_title().get_text()
    view = View(series=0, run=run, layers={0: "v1"})
    assert remarks([(view, found)])[-1:] == [
        "Dash-dotted lines up a chart: training went back to an earlier epoch."
    ]


def test_so_many_that_they_would_hide_the_curves_are_not_marked(tmp_path: Path) -> None:
    epochs = (0, 1) * 22
    written(tmp_path / "run.h5", active=[[[1, 1]]] * len(epochs), epochs=epochs)
    with st.open_trace(tmp_path / "run.h5") as trace:
        assert len(trace.epoch_returns) == 21
        assert run_of(trace, st.analyze(trace, metrics=["basis_set_size"])).returns == ()


def test_charts_of_the_last_epoch_are_of_the_one_that_came_last(tmp_path: Path) -> None:
    codes = iter([0, 0, 1, 0, 2, 2, 0, 1])  # in epoch 2 the eval sample brings back the code of training
    with st.TraceWriter(tmp_path / "run.h5", LAYOUT) as writer:
        for epoch in (0, 1, 2, 1):
            for phase in ("train", "eval"):
                given = {"codes": [np.full((1, 2, 1), next(codes))], "active": [[[True, True]]]}
                values = {"familiarity": [np.full((1, 2), epoch / 2)]}
                writer.append(inputs=[[1, 1, 1]], phase=phase, epoch=epoch, values=values, **given)
    with st.open_trace(tmp_path / "run.h5") as trace:
        result = st.analyze(trace, metrics=["match_accuracy", "code_usage", "layer_value"])
        run = run_of(trace, result)
        told = {(row.metric, row.phase): row for row in result.summary_rows()}
        (found,), (usage,), (values,) = matches(run), usage_maps(run), value_distributions(run)
    row = told["match_accuracy_winners", "eval"]
    assert (found.samples, found.by_class.mean[0]) == (row.samples, row.now) == (1, 0)
    assert (usage.epoch, usage.perplexity[0, 0]) == (1, told["code_usage", "train"].now)
    for phase, counts in values.counts.items():
        middles = (values.edges[1:] + values.edges[:-1]) / 2
        assert counts.sum() == 2
        assert counts @ middles / 2 == pytest.approx(told["layer_value", phase].now, abs=0.02)
