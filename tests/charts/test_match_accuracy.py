from __future__ import annotations

from typing import TYPE_CHECKING

from sparsey_trace.charts.shared.curves import curves
from tests.charts.on_axes import check_curves

if TYPE_CHECKING:
    import sparsey_trace as st
    from sparsey_trace.charts.shared.run import Run


def test_its_curves_are_those_of_evaluation(result: st.Result, run: Run) -> None:
    check_curves(result, run, "match_accuracy", curves(run, "match_accuracy"), whole="eval")
