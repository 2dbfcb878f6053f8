"""Reading all of a trace, to see whether it is sound.

Opening a trace checks its structure, dtypes, wiring and counters already. This is about every value of
every sample. A chunk at a time is read, so memory stays bounded; the checksums of the chunks and of the tail are
compared on the way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.errors import TraceError
from sparsey_trace.support.printable import count
from sparsey_trace.trace.format import schema
from sparsey_trace.trace.format.counts import COLUMNS, Counting
from sparsey_trace.trace.format.drops import reasons_of
from sparsey_trace.trace.format.invariants import broken_invariants, last_of
from sparsey_trace.trace.reading.epoch_returns import returns_in_words
from sparsey_trace.trace.reading.open_trace import open_trace
from sparsey_trace.trace.reading.rank_gaps import missing_in_words, rank_gaps_in_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from sparsey_trace.trace.reading.sources import Source
    from sparsey_trace.trace.reading.storage import Storage
    from sparsey_trace.trace.reading.trace import Trace
    from sparsey_trace.trace.reading.trace_file import TraceFile


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a sound trace holds.

    Attributes:
        samples: how many samples were read.
        steps: how many steps they belong to.
        notes: what is worth knowing, though it is no fault.
    """

    samples: int
    steps: int
    notes: tuple[str, ...] = ()


def validate(
    source: Source,
    *,
    on_progress: Callable[[int, int], None] | None = None,
    missing_ranks: str = "refuse",
    complete_steps: bool = False,
    repeated_steps: str = "all",
) -> Report:
    """Read all of a trace and check it; of one that is still being written, what is committed.

    Args:
        source: the trace, or its files; see `open_trace`.
        on_progress: called with how many samples are done, and of how many.
        missing_ranks: `refuse` or `allow`; see `open_trace`.
        complete_steps: see `open_trace`.
        repeated_steps: see `open_trace`.

    Raises:
        TraceError: it isn't sound; the message names the dataset and sample of the first fault. Or its files
            don't make one run.
        VersionError: it is in a version of the format that this program doesn't read.

    >>> import tempfile
    >>> from sparsey_trace import Layout, LayerLayout, TraceWriter
    >>> v1 = LayerLayout(name="v1", num_macs=1, num_cms=2, num_neurons=3, connections=[[0, 1]])
    >>> path = tempfile.mkdtemp() + "/run.h5"
    >>> with TraceWriter(path, Layout(num_features=2, layers=[v1])) as writer:
    ...     writer.append(inputs=[[0, 1]], codes=[[[[2, 0]]]], active=[[[True]]], phase="train")
    >>> validate(path)
    Report(samples=1, steps=1, notes=())
    """
    with open_trace(
        source, missing_ranks=missing_ranks, complete_steps=complete_steps, repeated_steps=repeated_steps
    ) as trace:
        done, total = 0, sum(file.storage.committed for file in trace.files)
        for file in trace.files:
            for size in _check_file(file):
                done += size
                if on_progress is not None:
                    on_progress(done, total)
        return Report(samples=len(trace), steps=trace.num_steps, notes=_notes(trace))


def _check_file(file: TraceFile) -> Iterator[int]:
    """Check one file; yield how many samples were done each time."""
    storage = file.storage
    if storage.closed:
        _check_lengths(file.path, storage)
    _check_drops(file.path, storage)
    last: dict[str, int] = {}
    counting = Counting()
    for start in range(0, storage.committed, storage.chunk_size):
        stop = min(start + storage.chunk_size, storage.committed)
        values = {column: storage.read(column, start, stop) for column in file.columns}
        for broken in broken_invariants(file.head, file.columns, values, last):
            msg = f"{file.path}: {broken.first(values, start)}"
            raise TraceError(msg)
        last = last_of(values)
        counting = counting.then({name: values[f"samples/{name}"] for name in COLUMNS})
        yield stop - start
    _check_counts(file, counting.found)


def _notes(trace: Trace) -> tuple[str, ...]:
    notes = []
    for file in trace.files:
        name = "" if len(trace.files) == 1 else f"{file.path.name}: "
        if not file.storage.closed:
            notes.append(f"{name}not closed: it is still being written, or its writer died")
        if missing := reasons_of(file.storage.drops()):
            first = next(iter(missing.items()))
            notes.append(
                f"{name}{count(len(missing), 'step')} missing, the first {': '.join(map(str, first)).rstrip(': ')}"
            )
        if not file.storage.committed:
            notes.append(f"{name}no samples")
    of_ranks = [
        missing_in_words(trace.missing_ranks, trace.part.num_ranks),
        returns_in_words(trace.epoch_returns),
        rank_gaps_in_words(trace.storage.lacking()) + _left_out(trace),
    ]
    return (*notes, *filter(None, of_ranks))


def _left_out(trace: Trace) -> str:
    return ", and left out" if trace.rules.complete_steps and len(trace.storage.lacking()) else ""


def _check_drops(path: Path, storage: Storage) -> None:
    drops = storage.drops()["step"]
    wrong = np.flatnonzero(np.diff(drops, prepend=-1) <= 0)
    if len(wrong):
        msg = f"{path}: {schema.DROPS}: number {wrong[0]}: expected different steps from 0 on, found {drops[wrong[0]]}"
        raise TraceError(msg)


def _check_counts(file: TraceFile, found: Mapping[str, int]) -> None:
    """See that what a closed trace tells of its samples is so."""
    told = file.head.counts if file.storage.closed else {}
    for name, number in told.items():
        if number != found[name]:
            msg = (
                f"{file.path}: counts: {name}: expected {found[name]:,}, as its samples are, found {number:,}"
            )
            raise TraceError(msg)


def _check_lengths(path: Path, storage: Storage) -> None:
    """See that a closed trace has all its samples in the chunks, and no more."""
    for name, length in (storage.lengths() | {schema.IN_CHUNKS: storage.in_chunks}).items():
        if length != storage.committed:
            msg = f"{path}: {name}: expected {storage.committed} samples, as committed, found {length}"
            raise TraceError(msg)
