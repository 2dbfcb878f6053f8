from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.charts.shared.matches import matches
from tests.charts.looks import panels, traces

if TYPE_CHECKING:
    import sparsey_trace as st
    from sparsey_trace.charts.shared.run import Run


def test_a_point_with_its_interval_for_each_class_and_layer(result: st.Result, run: Run) -> None:
    ax = result.plot.match_accuracy_by_class()
    for marks, layer in zip(ax.containers, run.once(matches), strict=True):
        line, _, (bars,) = marks.lines
        np.testing.assert_array_equal(line.get_ydata(), layer.by_class.mean)
        ends = np.array([segment[:, 1] for segment in bars.get_segments()])
        reach = layer.by_class.whiskers.sum(axis=0)
        np.testing.assert_allclose(ends[:, 1] - ends[:, 0], reach[~np.isnan(reach)])
    ax.figure.canvas.draw()
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["0", "1", "2"]
    low, high = ax.get_ylim()
    assert all(low < value < high for marks in ax.containers for value in marks.lines[0].get_ydata())
    assert "dotted: by chance" in ax.get_legend().get_title().get_text()


def test_its_panels(run: Run) -> None:
    for panel, layer in zip(panels("match_accuracy_by_class", run), run.once(matches), strict=True):
        (points,), (chance,) = traces(panel, "points"), traces(panel, "chance")
        np.testing.assert_array_equal(points["y"], layer.by_class.mean.astype(np.float32))
        assert list(points["text"]) == ["0", "1", "2"]
        np.testing.assert_array_equal(np.asarray(points["customdata"])[:, 0], layer.by_class.size)
        assert list(chance["y"]) == [layer.chance] * 2
