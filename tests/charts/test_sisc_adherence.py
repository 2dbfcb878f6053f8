from __future__ import annotations

from typing import TYPE_CHECKING

from sparsey_trace.charts.shared.curves import curves
from tests.charts.looks import panels
from tests.charts.on_axes import check_curves

if TYPE_CHECKING:
    import sparsey_trace as st
    from sparsey_trace.charts.shared.run import Run


def test_its_curves(result: st.Result, run: Run) -> None:
    found = curves(run, "sisc_adherence")
    for panel in panels("sisc_adherence", run):
        assert panel.title == "SISC adherence"
    check_curves(result, run, "sisc_adherence", found, whole="train")
