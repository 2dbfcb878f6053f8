"""SISC curves against the slow reading of the definition."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings

import sparsey_trace as st
from sparsey_trace.layout import PHASES
from sparsey_trace.metrics.base import Context
from sparsey_trace.metrics.recall import recall_from
from sparsey_trace.metrics.sisc_curve import SiscCurve
from sparsey_trace.tables.provenance import provenance_in
from sparsey_trace.testing import runs
from tests import definitions
from tests.faults import times
from tests.metrics.by_hand import written

if TYPE_CHECKING:
    from pathlib import Path

    from sparsey_trace import Chunk


@given(run=runs())
@settings(max_examples=times(12, 100), deadline=None)
def test_rows_are_those_of_the_definition(run: Chunk) -> None:
    metric = SiscCurve()
    result = metric.finalize(metric.update(metric.init(run.layout), run), run.layout)
    tally = metric.tally(run, run.layout, Context(result, recall_from(run)))
    table = metric.table(tally, result, run.layout)
    expected = []
    for phase in range(len(PHASES)):
        curves = {at: definitions.sisc_curve(run, at, phase) for at in definitions.all_macs(run.layout)}
        if any(row["pairs"] for rows in curves.values() for row in rows):
            expected += [
                {"phase": PHASES[phase], "layer": at[0], "mac": at[1], **row}
                for at, rows in curves.items()
                for row in rows
            ]
    for row, other in zip(table.to_pylist(), expected, strict=True):
        assert row == {
            key: pytest.approx(value, abs=1e-6) if isinstance(value, float) else value
            for key, value in other.items()
        }


def test_pairs_stand_in_the_bin_of_their_inputs(tmp_path: Path) -> None:
    # Of three features: the pair of the third sample and the first shares 2 of 3, that with the second all of 2.
    inputs = [[[1, 1, 1], [1, 1, 0]], [[1, 1, 0], [0, 0, 0]]]
    codes = [[[0, 0], [1, 1]], [[0, 1], [2, 2]]]
    run = written(
        tmp_path / "run.h5",
        active=[[[1, 1], [1, 1]], [[1, 1], [0, 1]]],
        codes=codes,
        inputs=inputs,
        phases=("train", "eval"),
    )
    result = st.analyze(run, metrics=["sisc_curve"], n_jobs=2, chunk_size=1)
    frame = result.to_pandas("sisc_curve")
    assert len(frame) == 2 * 20
    shown = frame[frame["pairs"] > 0]
    found = shown[["phase", "mac", "similarity", "pairs", "mean", "std"]].to_numpy().tolist()
    # The last sample has nothing on, and is like nothing; its second MAC shows another code.
    assert found == [
        ["eval", 0, np.float32(0.65), 1, 1, 0],
        ["eval", 0, np.float32(0.95), 1, 0, 0],
        ["eval", 1, 0, 2, 0, 0],
        ["eval", 1, np.float32(0.65), 1, 0, 0],
        ["eval", 1, np.float32(0.95), 1, 1, 0],
    ]
    assert frame["mean"].isna().sum() == 35
    made = provenance_in(result.path("sisc_curve"))
    assert (made["notes"]["exact"], made["units"]["pairs"]) == (True, "pairs of samples")


def test_it_says_what_it_was_drawn_from(tmp_path: Path) -> None:
    run = written(tmp_path / "run.h5", active=[[[1, 1], [1, 1]]] * 4)
    drawn = st.analyze(run, metrics=[SiscCurve(reference_size=2)])
    notes = provenance_in(drawn.path("sisc_curve"))["notes"]
    assert notes == {"exact": False, "reference_size": 2, "training_samples": 8}
    assert drawn.to_pandas("sisc_curve")["pairs"].sum() == 2 * 2 * 6
