"""Activations of a run that is counted by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sparsey_trace as st
from tests.metrics.by_hand import written

if TYPE_CHECKING:
    from pathlib import Path


def test_a_step_counts_its_active_samples(tmp_path: Path) -> None:
    # The first MAC is active for both samples of the first step, and for none of the second.
    run = written(tmp_path / "run.h5", active=[[[1, 0], [1, 1]], [[0, 0], [0, 1]]])
    table = st.analyze(run, metrics=["num_activations"]).to_pandas("num_activations")
    assert table[["step", "mac", "value"]].to_numpy().tolist() == [[0, 0, 2], [0, 1, 1], [1, 0, 0], [1, 1, 1]]
    summed = st.analyze(run, metrics=["num_activations"], reduction="sum").to_pandas("num_activations")
    assert summed["value"].tolist() == [3, 1]
