from __future__ import annotations

from typing import TYPE_CHECKING

from sparsey_trace.charts.shared.curves import curves
from tests.charts.looks import panels, traces
from tests.charts.on_axes import check_curves

if TYPE_CHECKING:
    import sparsey_trace as st
    from sparsey_trace.charts.shared.run import Run


def test_its_curves_are_those_of_training(result: st.Result, run: Run) -> None:
    found = [curve for curve in curves(run, "basis_set_size") if curve.phase == "train"]
    check_curves(result, run, "basis_set_size", found, whole="train")


def test_one_run_has_its_single_macs_and_several_have_not(run: Run) -> None:
    for panel, layer in zip(panels("basis_set_size", run), run.layout.layers, strict=True):
        (macs,) = traces(panel, "mac")
        assert set(macs["customdata"].tolist()) == set(range(layer.num_macs))
    assert [traces(panel, "mac") for panel in panels("basis_set_size", run, run)] == [[], []]
