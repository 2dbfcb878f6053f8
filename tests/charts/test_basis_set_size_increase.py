from __future__ import annotations

from typing import TYPE_CHECKING

from sparsey_trace.charts.shared.curves import curves, increase
from tests.charts.on_axes import check_curves

if TYPE_CHECKING:
    import sparsey_trace as st
    from sparsey_trace.charts.shared.run import Run


def test_its_curves_are_increases_in_training(result: st.Result, run: Run) -> None:
    found = [increase(curve) for curve in curves(run, "basis_set_size") if curve.phase == "train"]
    check_curves(result, run, "basis_set_size_increase", found, whole="train")
