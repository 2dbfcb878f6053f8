from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

import sparsey_trace as st
from sparsey_trace.charts.catalogue import CHARTS
from sparsey_trace.charts.shared.curves import curves
from sparsey_trace.charts.shared.views import View, Views
from sparsey_trace.errors import TraceError
from tests.charts.looks import panels, run_of
from tests.charts.on_axes import check_curves
from tests.replay.runs import write_run

if TYPE_CHECKING:
    from pathlib import Path

    from sparsey_trace.charts.shared.run import Run


def test_its_curves(result: st.Result, run: Run) -> None:
    found = curves(run, "sisc_adherence")
    for panel in panels("sisc_adherence", run):
        assert panel.title == "SISC adherence"
    check_curves(result, run, "sisc_adherence", found, whole="train")


def test_samples_are_counted_in_whole_numbers_however_few_there_are(tmp_path: Path) -> None:
    ax = st.analyze(write_run(tmp_path / "run.h5", steps=2), metrics=["sisc_adherence"]).plot.sisc_adherence()
    ax.figure.canvas.draw()
    ticks = [label.get_text() for label in ax.get_xticklabels()]
    assert len(ticks) == len(set(ticks))


def test_nothing_is_drawn_of_samples_before_which_nothing_was_learnt(run: Run) -> None:
    assert (run.steps.number[0], run.steps.seen[0]) == (0, 8)
    for curve in curves(run, "sisc_adherence"):
        assert curve.step[0] > 0
        assert np.nanmin(curve.values[:, 1:]) > 0


def test_a_run_in_which_nothing_was_learnt_before_has_none(tmp_path: Path) -> None:
    why = "no sample comes behind the first training step, so that there is nothing to compare with"
    result = st.analyze(write_run(tmp_path / "run.h5", steps=1), metrics=["sisc_adherence"])
    with pytest.raises(TraceError) as caught:
        result.plot.sisc_adherence()
    assert str(caught.value) == (
        f"{tmp_path / 'run.h5'}: sisc_adherence: expected values to draw, found that {why}"
    )
    with st.open_trace(tmp_path / "run.h5") as trace:
        views = Views([View(series=0, run=run_of(trace, result), layers={0: "v1", 1: "v2"})])
        assert CHARTS["sisc_adherence"].in_report(views).missing == [f"No SISC adherence: {why}."]
