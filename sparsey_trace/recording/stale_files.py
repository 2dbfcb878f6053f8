"""Which files of an earlier recording go when a run is recorded again in its place."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

from sparsey_trace.errors import TraceError
from sparsey_trace.recording.run_names import numbered, numbers, ranked, ranks_there
from sparsey_trace.trace.reading.trace_file import open_trace_file
from sparsey_trace.trace.writing.lock import WriterLock

if TYPE_CHECKING:
    from pathlib import Path

    from sparsey_trace.trace.format.run_part import RunPart


def stale_files(path: Path, own: RunPart) -> list[Path]:
    """Those that belong to no run any more once this rank's first file is replaced; nobody writes to them.

    They are this rank's later files. The last rank takes those of ranks that there aren't any more as well; of every
    other rank it is known only by itself when it replaces its own.

    Args:
        path: as the rank was given it.
        own: which part of the run the rank's first file is.

    Raises:
        TraceError: somebody writes to one of them.
    """
    first = path if own.num_ranks == 1 else ranked(path, own.rank, own.rank)
    found = _behind(first, own)
    if own.num_ranks > 1 and own.rank == own.num_ranks - 1:
        for rank in ranks_there(path, own.rank):
            if rank >= own.num_ranks:
                other = ranked(path, own.rank, rank)
                is_ours = (part := _part(other)) is not None and part.rank == rank
                found += [other] * is_ours + _behind(other, replace(own, rank=rank, num_ranks=rank + 1))
    for file in found:
        WriterLock.acquire(file).release()
    return found


def _behind(first: Path, own: RunPart) -> list[Path]:
    """A rank's later files, each of which goes on from the one before."""
    found: list[Path] = []
    # Of several ranks one may have left nothing under the first name: it was killed early, and went on as the others.
    before = first.name if own.num_ranks == 1 or first.exists() else ""
    for number in filter(None, numbers(first)):
        file = numbered(first, number)
        part = _part(file)
        if part is not None and (part.rank, part.continues) == (own.rank, before):
            found.append(file)
            before = file.name
    return found


def _part(path: Path) -> RunPart | None:
    """Which part of a run a file is; None where it is none of ours."""
    with contextlib.suppress(TraceError):
        file = open_trace_file(path)
        file.storage.close()
        return file.part
    return None
