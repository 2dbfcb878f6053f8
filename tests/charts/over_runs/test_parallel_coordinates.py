"""Configuration against figures: axes of any kind of value, and a line for each run."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from matplotlib.figure import Figure

from sparsey_trace.charts.over_runs.base import RunColumns
from sparsey_trace.charts.over_runs.catalogue import RUNS_CHARTS
from sparsey_trace.charts.over_runs.parallel_coordinates import MOST_SETTINGS
from sparsey_trace.charts.over_runs.scales import MISSING, axis_of
from sparsey_trace.errors import TraceError
from sparsey_trace.reporting.pages import embedded

CHART = RUNS_CHARTS["parallel_coordinates"]
RUNS = RunColumns(
    names=["a", "<b>", "c"],
    settings={"lr": [0.001, 0.1, None], "kind": ["x", "y", "x"], "flag": [True, False, True]},
    figures={"size train": [3.0, 4.0, 5.0], "match_accuracy eval": [0.5, None, 0.7]},
    better={"match_accuracy eval": "highest"},
)


def test_axes_of_any_kind() -> None:
    assert axis_of("flag", [True, False]).ticks == [(0.0, "false"), (1.0, "true")]
    assert axis_of("same", [2, 2]).position.tolist() == [0.5, 0.5]
    many = axis_of("many", list(range(100)))
    assert many.ticks == [(0.0, "0"), (0.5, "49.5"), (1.0, "99")]
    mixed = axis_of("mixed", ["one", 2, [3]])
    assert mixed.texts == ["one", "2", "[3]"]
    assert axis_of("none", [None, None]).position.tolist() == [MISSING] * 2


def test_lines_go_from_settings_to_the_main_figure() -> None:
    found = CHART.data(RUNS)
    assert [axis.name for axis in found.axes] == ["lr", "kind", "flag", "size train", "match_accuracy eval"]
    assert found.shade.tolist() == [0, -1, 7]
    assert found.height.shape == (3, 5)
    # Runs of one value don't hide each other.
    assert found.height[0, 1] < found.height[2, 1]
    assert RUNS.best_first() == [2, 0]
    by_chance = replace(RUNS, chances={"match_accuracy eval": [0.1, None, 0.6]})
    assert by_chance.best_first() == [0, 2]


def test_what_has_no_room_is_told() -> None:
    settings = {f"key{number}": [1, 2] for number in range(MOST_SETTINGS + 2)}
    runs = RunColumns(names=["a", "b"], settings=settings, figures={"m eval": [0.1, 0.2]}, better={})
    contribution = CHART.in_report(runs)
    assert contribution.thinned == ["Without an axis, as there is no room: key8, key9."]


def test_what_is_the_same_in_all_runs_takes_no_room() -> None:
    figures = {
        "same train": [1.0] * 3,
        "none train": [None] * 3,
        **RUNS.figures,
        "some eval": [1.0, None, 1.0],
    }
    contribution = CHART.in_report(replace(RUNS, figures=figures))
    (panel,) = contribution.groups[0].panels
    drawn = str(embedded(panel.figure))
    assert all(name in drawn for name in ("size train", "some eval", "match_accuracy eval"))
    assert "same train" not in drawn
    assert contribution.thinned == [
        "Without an axis, as all runs have the same value: same train, none train."
    ]


def test_both_draw_it() -> None:
    ax = Figure().subplots()
    CHART.draw(ax, CHART.data(RUNS))
    assert len(ax.lines) == 3 + 5
    assert ax.get_xticklabels()[0].get_text() == "lr"
    panel = CHART.in_report(RUNS).groups[0].panels[0]
    traces = json.loads(str(embedded(panel.figure)))["data"]
    assert [trace["meta"]["role"] for trace in traces] == ["marks", "marks", "marks", "axes"]
    assert "&lt;b&gt;<br>lr: 0.1" in traces[0]["text"]


def test_nothing_to_draw_is_told() -> None:
    alone = RunColumns(names=["a"], settings={}, figures={"m eval": [1.0]}, better={})
    with pytest.raises(TraceError, match="expected runs with two settings or figures that differ, found 0"):
        CHART.data(alone)
    assert CHART.in_report(alone).missing[0].startswith("No chart of configuration against figures: ")
