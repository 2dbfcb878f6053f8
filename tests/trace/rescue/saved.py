"""Repairing a trace, and seeing that what comes of it is right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import h5py
import numpy as np

from sparsey_trace.trace.reading.open_trace import open_trace
from sparsey_trace.trace.rescue.repair import Repaired, repair
from sparsey_trace.trace.rescue.validate import validate
from tests.trace.feed import LAYOUT, read, sent

if TYPE_CHECKING:
    from pathlib import Path

STEPS = 60


def saved(path: Path, *, steps: int = STEPS) -> Repaired:
    """Repair a trace; see that it stays as it was, and that the new one is sound, closed and right."""
    before, out = path.read_bytes(), path.with_name("repaired.h5")
    found = repair(path, out, overwrite=True)
    assert path.read_bytes() == before
    report = validate(out)
    assert (report.samples, report.steps) == (found.kept, found.steps)
    assert all(" missing, the first " in note for note in report.notes)
    expected = sent(0, steps)
    with open_trace(out) as trace:
        assert trace.layout == LAYOUT
        kept = np.isin(expected["step"], trace.samples.step[:])
        for name, values in read(trace, 0, len(trace)).items():
            np.testing.assert_array_equal(values, expected[name][kept], err_msg=name)
    assert not [item for item in path.parent.iterdir() if item.name.startswith(".")]
    return found


def chunk_at(path: Path, name: str, number: int) -> tuple[int, int]:
    """Where a chunk stands in the file, and how long it is."""
    with h5py.File(path, "r") as file:
        found = file[name].id.get_chunk_info(number)
        return found.byte_offset, found.size


def flip(path: Path, offset: int) -> None:
    content = bytearray(path.read_bytes())
    content[offset] ^= 1
    path.write_bytes(content)
