"""What a trace says of its losses survives copies, and what can't be such is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest

import sparsey_trace as st
from sparsey_trace.errors import TraceError
from sparsey_trace.trace.rescue.repair import repair
from tests.trace.feed import write_closed

if TYPE_CHECKING:
    from pathlib import Path

LOSSES = {"passes": 12, "steps": 5, "left_out": 3, "lost": 4, "error": "OSError: ein Gerät fehlt"}


def put(path: Path, text: str) -> None:
    with h5py.File(path, "r+") as file:
        kind = h5py.string_dtype("utf-8", 400)
        file["progress"].attrs.create("losses", np.array(text.encode(), kind), dtype=kind)


def test_a_repaired_trace_has_those_of_the_old_one(tmp_path: Path) -> None:
    write_closed(tmp_path / "run.h5", steps=2)
    put(tmp_path / "run.h5", json.dumps(LOSSES))
    repair(tmp_path / "run.h5", tmp_path / "new.h5")
    with st.open_trace(tmp_path / "new.h5") as trace:
        assert trace.losses == LOSSES


@pytest.mark.parametrize("losses", [[1], {"passes": -1}, {"lost": 1.5}, {"error": 3}, {"others": 1}])
def test_what_can_be_no_losses_is_refused(tmp_path: Path, losses: Any) -> None:
    write_closed(tmp_path / "run.h5", steps=1)
    put(tmp_path / "run.h5", json.dumps(losses))
    with pytest.raises(TraceError, match="losses: expected counts of passes, steps, left_out, refused"):
        st.open_trace(tmp_path / "run.h5")
