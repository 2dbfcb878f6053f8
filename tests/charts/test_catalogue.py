"""What holds of every chart there is, and of the next one."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from matplotlib import pyplot

from sparsey_trace.charts.catalogue import CHARTS
from sparsey_trace.cli.verbs.plot import picture_names
from tests.charts.looks import panels
from tests.docs.scripts import script

if TYPE_CHECKING:
    import sparsey_trace as st
    from sparsey_trace.charts.shared.run import Run

ROOT = Path(__file__).parents[2]


def test_each_chart_is_a_file_of_its_name_with_a_test_of_its_name() -> None:
    for name, chart in CHARTS.items():
        assert type(chart).__module__ == f"sparsey_trace.charts.{name}"
        assert (ROOT / "tests" / "charts" / f"test_{name}.py").exists()


@pytest.mark.parametrize("name", CHARTS)
def test_its_words_are_complete(name: str) -> None:
    words = CHARTS[name].words
    assert all([words.title, words.x, words.y, words.example, CHARTS[name].heading.title])
    assert words.meaning.endswith(".")


def test_titles_are_told_apart() -> None:
    assert len({chart.words.title for chart in CHARTS.values()}) == len(CHARTS)


@pytest.mark.parametrize("name", CHARTS)
def test_matplotlib_draws_it_with_its_words(result: st.Result, name: str) -> None:
    found = getattr(result.plot, name)()
    axes = np.ravel(found)
    figure = axes[0].get_figure()
    assert pyplot.get_fignums() == [figure.number]
    figure.canvas.draw()
    words = CHARTS[name].words
    assert words.title in [figure.get_suptitle(), *(ax.get_title() for ax in axes)]
    words = words.about("familiarity")
    assert {ax.get_ylabel() for ax in axes} <= {words.y, ""}
    assert (words.x, words.y) in [(ax.get_xlabel(), ax.get_ylabel()) for ax in axes]


@pytest.mark.parametrize("name", sorted(CHARTS.keys() - {"basis_average", "worst_matches"}))
def test_plotly_draws_it_with_its_words(run: Run, name: str) -> None:
    words = CHARTS[name].words.about("familiarity")
    for found in (panels(name, run), panels(name, run, run)):
        axes = [panel.figure["layout"] for panel in found]
        titles = {(layout["xaxis"]["title"]["text"], layout["yaxis"]["title"]["text"]) for layout in axes}
        unbroken = {(x, y.replace("<br>(", " (")) for x, y in titles}
        assert unbroken - {("layer", words.y)} == {(words.x, words.y)}
        assert all(panel.title and panel.label.endswith(".") for panel in found)
        assert all(part["meta"]["role"] for panel in found for part in panel.figure["data"])


def test_each_chart_is_a_method_of_result_plot(result: st.Result) -> None:
    assert set(CHARTS) == {name for name in dir(result.plot) if not name.startswith("_")}
    assert [line.split("(")[0] for line in repr(result.plot).splitlines()] == [
        f"plot.{name}" for name in CHARTS
    ]
    for name, chart in CHARTS.items():
        method = getattr(result.plot, name)
        assert method.__doc__ == f"{chart.words.title}. {chart.words.meaning}"
        parameters = {"ax", "layer"} if chart.has_layer_axes else {"ax", "layer", "label", "color"}
        assert set(inspect.signature(method).parameters) == parameters


def test_each_chart_is_completed() -> None:
    assert picture_names() == [(name, chart.words.title) for name, chart in CHARTS.items()]


def test_the_page_of_plots_is_what_its_script_makes_of_the_catalogue() -> None:
    """Each chart with its words; and each is drawn."""
    plots = script("plots")
    made = plots.PAGE.read_text().partition(plots.START)[2]
    assert made == "\n" + plots.text()
    for name, chart in CHARTS.items():
        assert f"### {name}\n" in made
        assert f"**{chart.words.title}.** {chart.words.meaning}\n" in made
        assert f"](plots/{name}.png)\n" in made
        assert (ROOT / "docs" / "plots" / f"{name}.png").exists()
    assert {path.stem for path in (ROOT / "docs" / "plots").iterdir()} == set(CHARTS)
