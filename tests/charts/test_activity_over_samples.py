from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given, settings

import sparsey_trace as st
from sparsey_trace.charts.activity_over_samples import MOST_BINS, activity_over_samples
from sparsey_trace.charts.shared.histogram import share
from sparsey_trace.layout import EVAL, TRAIN, LayerLayout, Layout
from tests.charts.looks import ANY_RUNS, looked_at, panels, run_of, traces
from tests.faults import times

if TYPE_CHECKING:
    from pathlib import Path

    from sparsey_trace import Chunk
    from sparsey_trace.charts.shared.run import Run


@given(chunk=ANY_RUNS)
@settings(deadline=None, max_examples=times(5, 30))
def test_samples_are_counted_by_how_many_macs_are_active(chunk: Chunk) -> None:
    with looked_at(chunk) as run:
        for found, active in zip(activity_over_samples(run), chunk.active, strict=True):
            # So few MACs that each number of active ones has a bin.
            assert found.fewest.tolist() == list(range(active.shape[1] + 1))
            for phase, name in ((TRAIN, "train"), (EVAL, "eval")):
                mine = active[chunk.phase == phase].sum(axis=1).tolist()
                counts = [mine.count(number) for number in range(active.shape[1] + 1)]
                assert found.counts.get(name, np.zeros(0)).tolist() == (counts if mine else [])
                if mine:
                    np.testing.assert_allclose(share(found, name), np.array(counts) / len(mine))
            assert found.silent == (~active.any(axis=1)).sum()


def test_numbers_of_active_macs_are_joined_evenly(tmp_path: Path) -> None:
    macs = 100
    layer = LayerLayout(name="v1", num_macs=macs, num_cms=1, num_neurons=2, connections=[[0]] * macs)
    with st.TraceWriter(tmp_path / "run.h5", Layout(num_features=1, layers=[layer])) as writer:
        active = np.tri(macs + 1, macs, -1, dtype=bool)
        codes = np.zeros((macs + 1, macs, 1), int)
        writer.append(inputs=np.ones((macs + 1, 1), int), codes=[codes], active=[active], phase="train")
    with st.open_trace(tmp_path / "run.h5") as trace:
        (found,) = activity_over_samples(run_of(trace, st.analyze(trace, metrics=["num_activations"])))
    assert len(found.fewest) <= MOST_BINS
    assert found.counts["train"].tolist() == [3] * 33 + [2]
    assert (found.bins[1], found.bins[-1]) == ("3 to 5 of 100 MACs", "99 to 100 of 100 MACs")
    np.testing.assert_allclose(found.edges[[0, 1, -1]], [-0.005, 0.025, 1.005])
    assert found.silent == 1


def test_training_is_an_area_and_evaluation_a_line(result: st.Result, run: Run) -> None:
    for ax, layer in zip(result.plot.activity_over_samples(), activity_over_samples(run), strict=True):
        training, evaluation = ax.patches
        assert (training.get_fill(), evaluation.get_fill()) == (True, False)
        for steps, phase in ((training, "train"), (evaluation, "eval")):
            np.testing.assert_array_equal(steps.get_data().values, share(layer, phase))
            np.testing.assert_array_equal(steps.get_data().edges, layer.edges)
        assert ax.get_legend_handles_labels()[1] == ["training", "evaluation"]


def test_its_panels(run: Run) -> None:
    for panel, layer in zip(panels("activity_over_samples", run), activity_over_samples(run), strict=True):
        for line, phase in zip(traces(panel, "line"), ("train", "eval"), strict=True):
            np.testing.assert_array_equal(line["y"][1:-1], share(layer, phase).astype(np.float32))
            np.testing.assert_array_equal(line["customdata"][1:-1], layer.counts[phase])
            np.testing.assert_allclose(line["x"][[0, -1]], layer.edges[[0, -1]], rtol=1e-6)
            assert line["text"][1:-1] == layer.bins
    both = panels("activity_over_samples", run, run)
    assert [len(traces(panel, "line")) for panel in both] == [4, 4]
