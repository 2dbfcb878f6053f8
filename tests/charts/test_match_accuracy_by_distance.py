from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.charts.shared.matches import matches
from tests.charts.looks import panels, traces
from tests.charts.on_axes import SHOWN, labels

if TYPE_CHECKING:
    import sparsey_trace as st
    from sparsey_trace.charts.shared.run import Run


def test_points_are_as_wide_as_their_bins(result: st.Result, run: Run) -> None:
    ax = result.plot.match_accuracy_by_distance()
    assert labels(ax) == SHOWN
    for marks, layer in zip(ax.containers, run.once(matches), strict=True):
        line, _, (bars, _) = marks.lines
        np.testing.assert_array_equal(line.get_ydata(), layer.by_distance.mean)
        ends = np.array([segment[:, 0] for segment in bars.get_segments()])
        np.testing.assert_allclose(ends, np.stack([layer.low, layer.high], axis=1))


def test_its_panels(run: Run) -> None:
    for panel, layer in zip(panels("match_accuracy_by_distance", run), run.once(matches), strict=True):
        (line,) = traces(panel, "line")
        np.testing.assert_array_equal(line["y"], layer.by_distance.mean.astype(np.float32))
        np.testing.assert_array_equal(
            line["error_x"]["array"], (layer.high - layer.low).astype(np.float32) / 2
        )
        np.testing.assert_array_equal(line["customdata"], layer.by_distance.size)
