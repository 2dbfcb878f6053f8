"""Other labels for a trace: in a new one, which says so; the old one stays as it was recorded."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.errors import UsageError
from sparsey_trace.support.interrupts import uninterrupted
from sparsey_trace.support.user_path import user_path
from sparsey_trace.trace.format.drops import reasons_of
from sparsey_trace.trace.reading.trace_file import open_trace_file
from sparsey_trace.trace.rescue.labels import read_labels
from sparsey_trace.trace.rescue.repair import append_stored, check_paths, whole_or_not_at_all, writer_like
from sparsey_trace.trace.rescue.whole_steps import WholeSteps

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    from sparsey_trace.trace.reading.trace_file import TraceFile


@dataclass(frozen=True, kw_only=True)
class Relabelled:
    """What became of a trace's labels.

    Attributes:
        samples: how many there are.
        changed: how many have another label now.
    """

    samples: int
    changed: int


def relabel(
    path: str | os.PathLike[str],
    labels: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> Relabelled:
    """Write a trace anew with other labels, closed; everything else stays as it is.

    The new trace has a new id, as results with the old labels aren't its own, and says in `Trace.changes` what was
    changed, when, and of which trace.

    Args:
        path: the trace, one file, which is only read.
        labels: a file of labels; see `read_labels`.
        out: the file to make; one that is stopped leaves none.
        overwrite: replace an existing file instead of refusing.
        on_progress: called with how many samples are done, and of how many.

    Raises:
        TraceError: the trace can't be read, or is still being written.
        DataError: the labels aren't such, or not as many as samples.
        OutputError: the file can't be made, or the disk fails.
        UsageError: it would replace the trace or the labels.
    """
    path, labels, out = user_path(path), user_path(labels), user_path(out)
    check_paths(path, out)
    if labels.exists() and out.exists() and labels.samefile(out):
        msg = f"{out}: expected to make a trace there, found the labels; choose another name"
        raise UsageError(msg)
    trace = open_trace_file(path)
    with contextlib.closing(trace.storage) as storage, contextlib.ExitStack() as unless_done:
        old = storage.read("samples/label", 0, storage.committed)
        new = read_labels(labels, old)
        change = _change(trace, labels.name, int(np.count_nonzero(old != new)))
        with uninterrupted():
            writer = writer_like(out, trace.head, overwrite=overwrite, change=change)
            unless_done.enter_context(whole_or_not_at_all(writer))
        for values in _steps(trace, new, on_progress):
            append_stored(writer, trace.head, values)
        writer.note_next_step(storage.next_step())
        writer.note_losses(trace.head.losses)
        if why := reasons_of(storage.drops()):
            writer.note_drops([*why], [*why.values()])
    return Relabelled(samples=len(new), changed=int(np.count_nonzero(old != new)))


def _change(trace: TraceFile, source: str, changed: int) -> str:
    when = datetime.now(UTC).isoformat(timespec="seconds")
    of = f"of {trace.storage.committed:,} samples of trace {trace.head.id}"
    return f"{when}: {changed:,} labels {of} replaced from {source!r}"


def _steps(
    trace: TraceFile, labels: NDArray[np.int64], on_progress: Callable[[int, int], None] | None
) -> Iterator[Mapping[str, NDArray[Any]]]:
    """Each step with its new labels: a column's path to its values [n, ...], as they are stored."""
    storage, steps = trace.storage, WholeSteps(trace.part.first_step)
    for start in range(0, len(labels), storage.chunk_size):
        stop = min(start + storage.chunk_size, len(labels))
        values = {path: storage.read(path, start, stop) for path in trace.columns}
        values["samples/label"] = labels[start:stop]
        yield from steps.add(values, np.ones(stop - start, np.bool_))
        if on_progress is not None:
            on_progress(stop, len(labels))
    yield from steps.finish(is_complete=True)
