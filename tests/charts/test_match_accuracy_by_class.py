from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.charts.shared.matches import matches
from tests.charts.looks import panels, traces

if TYPE_CHECKING:
    import sparsey_trace as st
    from sparsey_trace.charts.shared.run import Run


def test_a_point_for_each_class_and_layer(result: st.Result, run: Run) -> None:
    ax = result.plot.match_accuracy_by_class()
    for line, layer in zip(ax.get_lines(), run.once(matches), strict=True):
        np.testing.assert_array_equal(line.get_ydata(), layer.by_class)
    ax.figure.canvas.draw()
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["0", "1", "2"]
    low, high = ax.get_ylim()
    assert all(low < value < high for line in ax.get_lines() for value in line.get_ydata())


def test_its_panels(run: Run) -> None:
    for panel, layer in zip(panels("match_accuracy_by_class", run), run.once(matches), strict=True):
        (points,) = traces(panel, "points")
        np.testing.assert_array_equal(points["y"], layer.by_class.astype(np.float32))
        assert list(points["text"]) == ["0", "1", "2"]
        np.testing.assert_array_equal(points["customdata"], layer.class_size)
