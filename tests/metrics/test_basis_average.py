"""Basis averages of a run that is counted by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import sparsey_trace as st
from tests.metrics.by_hand import written

if TYPE_CHECKING:
    from pathlib import Path


def test_inputs_are_averaged_in_the_field_while_the_mac_is_active(tmp_path: Path) -> None:
    # The first MAC listens to features 0 and 1, the second to feature 2; the last step is evaluation.
    inputs = [[[1, 0, 1], [1, 1, 1]], [[1, 1, 0], [0, 0, 0]]]
    active = [[[1, 1], [1, 0]], [[1, 1], [1, 1]]]
    run = written(tmp_path / "run.h5", inputs=inputs, active=active, phases=("train", "eval"))
    result = st.analyze(run, metrics=["basis_average"])
    assert np.stack(result.to_pandas("basis_average")["average"]).tolist() == [[1, 0.5, 0], [0, 0, 1]]
    sparse = st.analyze(run, metrics=["basis_average"], reduction="sparse").to_pandas("basis_average")
    assert [average.tolist() for average in sparse["average"]] == [[1, 0.5], [1]]


def test_numbers_of_any_kind_are_averaged_exactly_and_on_is_what_is_not_zero(tmp_path: Path) -> None:
    huge = 2**53 + 1
    inputs = [[[huge, 0, -3], [huge, 255, 0]], [[0, 2**31, 1], [huge, 1, 0]]]
    run = written(tmp_path / "run.h5", inputs=inputs, active=np.ones((2, 2, 2)))
    exact = st.metrics.MatchAccuracy(exact=True)
    result = st.analyze(run, metrics=["basis_average", "feature_coverage", exact], resolution="step")
    averages = np.stack(result.to_pandas("basis_average")["average"])
    assert averages.tolist() == np.float32([[3 * huge / 4, (256 + 2**31) / 4, 0], [0, 0, -0.5]]).tolist()
    with st.open_trace(run) as trace:
        assert (trace.input_kind, trace.chunk(0, 1).inputs.dtype) == ("int64", np.int64)
