"""Opening a run once, to know it from then on."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import h5py
import numpy as np

from sparsey_trace.errors import TraceError, url_of
from sparsey_trace.layout import EVAL
from sparsey_trace.runs.elsewhere import is_foreign_at, seen_at
from sparsey_trace.runs.entry import Entry, SeenFile
from sparsey_trace.support.user_path import as_named, url_named
from sparsey_trace.trace.reading.open_trace import open_trace
from sparsey_trace.trace.writing.lock import has_no_writer

if TYPE_CHECKING:
    from pathlib import Path

    from sparsey_trace.runs.entry import State
    from sparsey_trace.trace.reading.trace import Trace

_RACY = 2_000_000_000
"""Nanoseconds: what was changed so shortly ago may change again without getting a later time."""

_SAMPLES_AT_ONCE = 1 << 20


def file_now(path: Path) -> SeenFile:
    """A file as it is on the disk, or in a store, without what it says of itself.

    Raises:
        OSError: it isn't there, or can't be asked for.
        TraceError: that is so of one in a store.
    """
    if url := url_named(path):
        size, modified = seen_at(url)
        return SeenFile(path=url, size=size, modified=modified)
    found = path.stat()
    is_settled = time.time_ns() - found.st_mtime_ns > _RACY
    return SeenFile(path=str(path), size=found.st_size, modified=found.st_mtime_ns if is_settled else 0)


def read_file(path: Path) -> tuple[SeenFile, Entry | None]:
    """A file with what it says of itself; and the run, where the file may be all of one.

    Raises:
        OSError: it isn't there.
        TraceError: it is no trace, or is damaged.
    """
    found = file_now(path)
    with open_trace(as_named(path)) as trace:
        part = trace.part
        file = replace(found, rank=part.rank, num_ranks=part.num_ranks, continues=part.continues)
        is_alone = part.num_ranks == 1 and not part.continues
        return file, _entry_of(trace, [file], name="") if is_alone else None


def read_run(files: list[SeenFile], *, name: str) -> Entry:
    """What there is to be known of a run; one that can't be read is an entry too."""
    paths = [file.path for file in files]
    try:
        with open_trace(paths[0] if len(paths) == 1 else paths) as trace:
            return _entry_of(trace, files, name=name)
    except TraceError as error:
        return broken(files, name=name, fault=str(error))


def broken(files: list[SeenFile], *, name: str, fault: str) -> Entry:
    """What stands for a run that can't be read."""
    return Entry(run="", name=name, state="broken", fault=fault, files=tuple(files))


def is_foreign(path: Path) -> bool:
    """Whether a file is sound HDF5 that doesn't say that it is a trace: a checkpoint, say."""
    if url := url_named(path):
        return is_foreign_at(url)
    try:
        with h5py.File(path, "r", locking=False) as file:
            return "format" not in file.attrs
    except (OSError, RuntimeError):
        return False


def state_of(paths: list[Path], *, closed: bool) -> State:
    """Whether a run is closed; if not, whether anybody still writes it."""
    if closed:
        return "closed"
    return "left" if all(map(has_no_writer, paths)) else "recording"


def _entry_of(trace: Trace, files: list[SeenFile], *, name: str) -> Entry:
    known = {file.path: file for file in files}
    last = len(trace) - 1
    return Entry(
        run=trace.id,
        name=name,
        state=state_of(list(trace.paths), closed=trace.closed),
        files=tuple(known[url_of(str(path)) or str(path)] for path in trace.paths),
        samples=len(trace),
        steps=trace.num_steps,
        epoch=int(trace.samples.epoch[last]) if last >= 0 else None,
        eval_epoch=_last_evaluation(trace),
        created=trace.created,
        recorded=float(trace.samples.time[last]) if last >= 0 else None,
        host=trace.host,
        model=", ".join(
            f"{layer.name} {layer.num_macs}x{layer.num_cms}x{layer.num_neurons}"
            for layer in trace.layout.layers
        ),
        config=trace.config,
    )


def _last_evaluation(trace: Trace) -> int | None:
    """The epoch of the last evaluation sample, looked for from the end."""
    for stop in range(len(trace), 0, -_SAMPLES_AT_ONCE):
        start = max(0, stop - _SAMPLES_AT_ONCE)
        found = np.flatnonzero(trace.samples.phase[start:stop] == EVAL)
        if len(found):
            return int(trace.samples.epoch[start + int(found[-1])])
    return None
