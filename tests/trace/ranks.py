"""A run of two ranks that is killed and resumed twice; and the same samples in one file.

The processes that write the files die without closing those that a resume follows, nor what they appended to them
since the last commit; or write a rank's first steps, say so and wait to be killed.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.layout import MARKS
from sparsey_trace.trace.format import schema
from sparsey_trace.trace.format.run_part import RunPart
from sparsey_trace.trace.writing.writer import TraceWriter
from tests.fork_server import shared_server
from tests.trace.feed import LAYOUT, step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fork_server import Child

RANKS, STEPS = 2, 45
CUTS = [(0, 16), (16, 31), (31, STEPS)]
"""The steps of each part; an epoch has seven."""


def takes_part(rank: int, number: int) -> bool:
    """Whether a rank has samples of a step: it may have dropped it."""
    return not (rank == 1 and number % 9 == 4)


def name_of(rank: int, resumes: int) -> str:
    return f"run.rank{rank}.{resumes}.h5" if resumes else f"run.rank{rank}.h5"


def part_of(rank: int, resumes: int, first_sample: int) -> RunPart:
    return RunPart(
        rank=rank,
        num_ranks=RANKS,
        continues=name_of(rank, resumes - 1) if resumes else "",
        first_step=CUTS[resumes][0],
        first_sample=first_sample,
    )


def append(writer: TraceWriter, rank: int, steps: range) -> None:
    for number in steps:
        if takes_part(rank, number):
            writer.append(**step(rank, number, layout=writer.layout), step=number)


def joint_step(number: int) -> dict[str, Any]:
    """What both ranks have of a step, in one."""
    parts = [step(rank, number) for rank in range(RANKS) if takes_part(rank, number)]
    joined = {name: np.concatenate([part[name] for part in parts]) for name in ("inputs", *MARKS)}
    for name in ("codes", "active"):
        joined[name] = [
            np.concatenate(layers) for layers in zip(*(part[name] for part in parts), strict=True)
        ]
    familiarity = np.concatenate([part["values"]["familiarity"][0] for part in parts])
    return parts[0] | joined | {"values": {"familiarity": [familiarity, None]}}


def write_whole(path: Path) -> Path:
    """The run as one process would record it."""
    with TraceWriter(path, LAYOUT, inputs="binary") as writer:
        for number in range(STEPS):
            writer.append(**joint_step(number), step=number)
    return path


def write_parts(folder: Path) -> list[Path]:
    """The run's files, by a process that is no more."""
    assert shared_server().run(PROGRAM.format("write_all()"), folder).returncode == 3
    return [folder / name_of(rank, resumes) for rank in range(RANKS) for resumes in range(len(CUTS))]


@contextlib.contextmanager
def stuck_rank(folder: Path, rank: int, stop: int) -> Iterator[Child]:
    """A process that has committed a rank's steps before `stop`, and writes no more; it is killed in the end."""
    with shared_server().start(PROGRAM.format("write_rank()"), folder, rank, stop) as process:
        try:
            assert process.stdout.readline() == "committed\n"
            yield process
        finally:
            process.kill()


PROGRAM = "from tests.trace.ranks import *\n{}"


def write_all() -> None:
    schema._CHUNK_BYTES = 1
    folder, left = Path(sys.argv[1]), []
    for rank in range(RANKS):
        samples = 0
        for resumes, (first, stop) in enumerate(CUTS):
            part = part_of(rank, resumes, samples)
            writer = TraceWriter(folder / name_of(rank, resumes), LAYOUT, inputs="binary", part=part)
            append(writer, rank, range(first, stop))
            writer.commit()
            samples += writer.num_committed
            if stop < STEPS:
                append(writer, rank, range(stop, stop + 3))
                left.append(writer)
            else:
                writer.close()
    os._exit(3)


def write_rank() -> None:
    folder, rank, stop = Path(sys.argv[1]), *map(int, sys.argv[2:])
    writer = TraceWriter(folder / name_of(rank, 0), LAYOUT, inputs="binary", part=part_of(rank, 0, 0))
    append(writer, rank, range(stop))
    writer.commit()
    print("committed", flush=True)
    time.sleep(600)
