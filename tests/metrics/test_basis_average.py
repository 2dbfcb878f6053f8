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
