"""Values that no run can have are refused when they are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import h5py
import pytest

from sparsey_trace.errors import TraceError
from sparsey_trace.replay.analyze import analyze

if TYPE_CHECKING:
    from pathlib import Path

WRONG: dict[str, tuple[str, object, int, str]] = {
    "a winner": ("layers/0/codes", (70, 3, 0), 5, "samples 0 to 283: expected winners from 0 to 4 in low"),
    "a phase": ("samples/phase", 70, 2, r"samples 0 to 283: expected phases of 0 \(train\) and 1 \(eval\)"),
    "an epoch": ("samples/epoch", 282, 9, "samples 0 to 283: expected one phase and one epoch in each step"),
    "a step": ("samples/step", 70, 0, "samples 0 to 283: expected steps that never fall"),
}


@pytest.mark.parametrize(("name", "index", "value", "expected"), WRONG.values(), ids=WRONG)
def test_values_that_metrics_take_for_impossible(
    closed: Path, name: str, index: object, value: int, expected: str
) -> None:
    with h5py.File(closed, "r+", libver=("v110", "v110")) as file:
        file[name][index] = value
    with pytest.raises(TraceError, match=f"{expected}, found others; `sparsey-trace validate` says where"):
        analyze(closed, metrics=["basis_set_size"])
