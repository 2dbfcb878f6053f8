from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.charts.shared.curves import curves
from tests.charts.looks import panels, traces
from tests.charts.on_axes import check_curves

if TYPE_CHECKING:
    import sparsey_trace as st
    from sparsey_trace.charts.shared.run import Run


def test_its_curves_are_those_of_training(result: st.Result, run: Run) -> None:
    found = [curve for curve in curves(run, "basis_set_size") if curve.phase == "train"]
    check_curves(result, run, "basis_set_size", found, whole="train")


def test_at_the_end_every_mac_is_a_point_and_several_runs_have_boxes_beside_each_other(run: Run) -> None:
    found = [curve for curve in curves(run, "basis_set_size") if curve.phase == "train"]
    (box,) = traces(panels("basis_set_size", run)[-1], "box")
    np.testing.assert_array_equal(box["y"], np.concatenate([curve.values[-1] for curve in found]))
    assert len(traces(panels("basis_set_size", run, run)[-1], "box")) == 2


def test_bars_at_the_end_say_how_macs_are_spread(result: st.Result, run: Run) -> None:
    ax = result.plot.basis_set_size()
    for bar, curve in zip(ax.containers, curves(run, "basis_set_size"), strict=False):
        (segments,) = bar.lines[2]
        ends = [curve.quantile(0.1)[-1], curve.quantile(0.9)[-1]]
        np.testing.assert_allclose(segments.get_segments()[0][:, 1], ends)
    ax.figure.canvas.draw()
    right = ax.get_window_extent().x1
    assert all(bar.lines[2][0].get_window_extent().x1 <= right for bar in ax.containers)
