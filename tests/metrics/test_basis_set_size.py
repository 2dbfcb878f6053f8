"""Sizes of basis sets of a run that is counted by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sparsey_trace as st
from tests.metrics.by_hand import written

if TYPE_CHECKING:
    from pathlib import Path

# Two steps of two samples; the first MAC shows codes 0, 1, 0, 2, the second 0, 0, 0, 0 and is silent at first.
CODES = [[[0, 0], [1, 0]], [[0, 0], [2, 0]]]
ACTIVE = [[[1, 0], [1, 1]], [[1, 1], [1, 1]]]


def test_distinct_codes_are_counted_sample_by_sample(tmp_path: Path) -> None:
    run = written(tmp_path / "run.h5", codes=CODES, active=ACTIVE)
    table = st.analyze(run, metrics=["basis_set_size"], resolution="sample").to_pandas("basis_set_size")
    assert table["value"].to_numpy().reshape(4, 2).tolist() == [[1, 0], [2, 1], [2, 1], [3, 1]]
    increase = st.analyze(run, metrics=["basis_set_size_increase"]).to_pandas("basis_set_size_increase")
    assert increase["value"].to_numpy().reshape(2, 2).tolist() == [[2, 1], [1, 0]]


def test_evaluation_learns_nothing(tmp_path: Path) -> None:
    run = written(tmp_path / "run.h5", codes=CODES, active=ACTIVE, phases=("train", "eval"))
    table = st.analyze(run, metrics=["basis_set_size"]).to_pandas("basis_set_size")
    assert table["value"].to_numpy().reshape(2, 2).tolist() == [[2, 1], [2, 1]]
