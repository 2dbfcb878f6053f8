"""A folder of runs as sweeps leave them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import h5py

from sparsey_trace.trace.format.run_part import RunPart
from sparsey_trace.trace.writing.writer import TraceWriter
from tests.cli.commands import LAYOUT, write_steps, write_trace

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ["a/run", "b/run", "more/ranks", "more/resumed"]
"""Of the runs that can be read."""


def write_sweep(folder: Path) -> Path:
    """Two runs of one file name, one of two ranks, one that was resumed; a broken one, and what is no run."""
    for name, lr in (("a", 0.1), ("b", 0.5)):
        (folder / name).mkdir(parents=True)
        write_trace(folder / name / "run.h5", config={"lr": lr, "model": {"macs": 3}})
    (folder / "more").mkdir()
    for rank in range(2):
        part = RunPart(rank=rank, num_ranks=2)
        write_part(folder / "more" / f"ranks.rank{rank}.h5", part, first=0)
    write_part(folder / "more" / "resumed.h5", RunPart(), first=0)
    resume(folder, 1)
    (folder / "more" / "broken.h5").write_bytes((folder / "a" / "run.h5").read_bytes()[:3000])
    with h5py.File(folder / "more" / "checkpoint.h5", "w") as file:
        file["weights"] = [1.0]
    (folder / "a" / "run.metrics").mkdir()
    (folder / "a" / "run.metrics" / "not_looked_at.h5").write_bytes(b"")
    settle(folder)
    return folder


def resume(folder: Path, number: int) -> None:
    """Write the next file of the run that is resumed, of eight steps of four samples."""
    before = f"resumed.{number - 1}.h5" if number > 1 else "resumed.h5"
    part = RunPart(continues=before, first_step=8 * number, first_sample=32 * number)
    write_part(folder / "more" / f"resumed.{number}.h5", part, first=8 * number)


def write_part(path: Path, part: RunPart, *, first: int) -> None:
    with TraceWriter(path, LAYOUT, inputs="binary", part=part, config={"lr": 0.1}) as writer:
        write_steps(writer, 8, first=first)


def settle(folder: Path) -> None:
    """Make files some minutes old: what has changed just now may change again at the same time by the clock."""
    for path in folder.rglob("*.h5"):
        found = path.stat()
        os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns - 10**11))
