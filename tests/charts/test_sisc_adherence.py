from __future__ import annotations

from typing import TYPE_CHECKING

import sparsey_trace as st
from sparsey_trace.charts.shared.curves import curves
from tests.charts.looks import panels
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
    ax = st.analyze(write_run(tmp_path / "run.h5", steps=1), metrics=["sisc_adherence"]).plot.sisc_adherence()
    ax.figure.canvas.draw()
    ticks = [label.get_text() for label in ax.get_xticklabels()]
    assert len(ticks) == len(set(ticks))
