"""A closed trace as one file for stores, that of many ranks or starts as well."""

from __future__ import annotations

import contextlib
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.errors import OutputError, TraceError
from sparsey_trace.support.user_path import user_path
from sparsey_trace.support.writing import check_no_file, whole, writing
from sparsey_trace.trace.format.counts import COLUMNS, counted
from sparsey_trace.trace.format.drops import reasons_of
from sparsey_trace.trace.format.run_part import RunPart
from sparsey_trace.trace.format.trace_origin import TraceOrigin
from sparsey_trace.trace.reading.joint_head import joint_head
from sparsey_trace.trace.reading.open_trace import open_trace
from sparsey_trace.trace.reading.trace_file import open_trace_file
from sparsey_trace.trace.rescue.repair import append_stored, check_paths
from sparsey_trace.trace.rescue.whole_steps import WholeSteps
from sparsey_trace.trace.writing.packed_file import write_packed
from sparsey_trace.trace.writing.writer import TraceWriter

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    from sparsey_trace.trace.format.head import Head
    from sparsey_trace.trace.reading.sources import Source
    from sparsey_trace.trace.reading.storage import Storage
    from sparsey_trace.trace.reading.trace import Trace
    from sparsey_trace.trace.reading.trace_file import TraceFile


@dataclass(frozen=True, kw_only=True)
class Packed:
    """What packing came to.

    Attributes:
        samples: how many the new file holds.
        files: of how many it is made.
        before: how many bytes these take.
        after: how many it takes.
    """

    samples: int
    files: int
    before: int
    after: int


def pack(
    source: Source,
    out: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    complete_steps: bool = False,
    repeated_steps: str = "all",
    on_progress: Callable[[int, int], None] | None = None,
) -> Packed:
    """Write a closed trace as one file in which little has to be fetched from a store: structures first, then columns.

    It is the same run, with the same id, and every analysis of it gives the same tables. Of one file, chunks are taken
    over as they are; the samples of several are put together as `open_trace` has them, and are one file of one rank.

    Args:
        source: the trace, or its files; see `open_trace`.
        out: the file to make; where it fails nothing is there.
        overwrite: replace an existing file instead of refusing.
        complete_steps: leave out steps that only some ranks have; see `open_trace`.
        repeated_steps: see `open_trace`.
        on_progress: called with how much is done, and of how much.

    Raises:
        TraceError: it can't be read, or isn't closed, or has steps that some ranks lack.
        OutputError: the file can't be made.
        UsageError: it would replace the trace.
        VersionError: it is in a version of the format that this program doesn't read.
    """
    out = user_path(out)
    with open_trace(source, complete_steps=complete_steps, repeated_steps=repeated_steps) as trace:
        for path in trace.paths:
            check_paths(path, out)
        check_no_file(out, overwrite=overwrite)
        _check_closed(trace)
        before = sum(file.storage.status().st_size for file in trace.files)
        with _writing(out), whole(out) as partial:
            if trace.storage is trace.files[0].storage:
                _pack_file(trace.files[0], trace.files[0].storage, partial, on_progress)
            else:
                _join(trace, partial, on_progress)
        return Packed(samples=len(trace), files=len(trace.files), before=before, after=out.stat().st_size)


@contextlib.contextmanager
def _writing(out: Path) -> Iterator[None]:
    """Turn what HDF5 raises while it writes into an error of the file that is made."""
    with writing(out):
        try:
            yield
        except RuntimeError as error:
            msg = f"{out}: expected to write results there, found: {' '.join(str(error).split())}"
            raise OutputError(msg) from error


def _check_closed(trace: Trace) -> None:
    for file in trace.files:
        if not file.storage.closed:
            msg = (
                f"{file.path}: expected a closed trace, found one that is still being written, or whose writer died; "
                f"wait until it ends, or pack what `sparsey-trace repair {file.path.name} -o NEW.h5` makes of it"
            )
            raise TraceError(msg)
    if len(trace.lacking):
        steps = len(np.unique(trace.lacking[:, 0]))
        msg = (
            f"{trace.path}: expected steps that all ranks have, found {steps:,} that some lack, which one file "
            "can't say; leave them out with complete_steps=True (--complete-steps)"
        )
        raise TraceError(msg)


def _pack_file(
    file: TraceFile, storage: Storage, path: Path, on_progress: Callable[[int, int], None] | None
) -> None:
    columns, done = list(file.columns), 0

    def chunks(column: str) -> Iterator[tuple[tuple[int, ...], bytes]]:
        nonlocal done
        yield from storage.encoded(column)
        done += 1
        if on_progress is not None:
            on_progress(done, len(columns))

    write_packed(
        path,
        replace(file.head, input_kind=file.input_kind, counts=counted(_samples(storage))),
        samples=storage.committed,
        chunk_size=storage.chunk_size,
        chunks=chunks,
        drops=storage.drops(),
        next_step=storage.next_step(),
    )


def _samples(storage: Storage) -> Iterator[dict[str, NDArray[Any]]]:
    """What is known of each sample, stretch by stretch."""
    for start in range(0, storage.committed, storage.chunk_size):
        stop = min(start + storage.chunk_size, storage.committed)
        yield {name: storage.read(f"samples/{name}", start, stop) for name in COLUMNS}


def _join(trace: Trace, path: Path, on_progress: Callable[[int, int], None] | None) -> None:
    """Write the samples of several files into one, and pack that."""
    with tempfile.TemporaryDirectory(prefix=".sparsey-trace-", dir=path.parent) as folder:
        joined = Path(folder) / "joined.h5"
        head = _joined_head(trace)
        origin = TraceOrigin(
            id=head.id, created=head.created, host=head.host, versions=head.versions, changes=head.changes
        )
        with TraceWriter(
            joined,
            head.layout,
            config=head.config,
            inputs=head.input_kind,
            sampling=head.sampling,
            part=head.part,
            origin=origin,
        ) as writer:
            for step in _steps(trace, on_progress):
                append_stored(writer, head, step)
            writer.note_next_step(max(file.next_step for file in trace.files))
            writer.note_losses(head.losses)
            if missing := reasons_of(trace.storage.drops()):
                writer.note_drops([*missing], [*missing.values()])
        file = open_trace_file(joined)
        with contextlib.closing(file.storage) as storage:
            _pack_file(file, storage, path, None)


def _joined_head(trace: Trace) -> Head:
    """What the one file says; of several ranks' it is that of one."""
    head = trace.files[0].head
    if len(trace.files) > 1:
        joint = joint_head(trace.files)
        head = replace(joint, part=RunPart(run=joint.part.run))
    return replace(head, input_kind=trace.input_kind)


def _steps(
    trace: Trace, on_progress: Callable[[int, int], None] | None
) -> Iterator[Mapping[str, NDArray[Any]]]:
    """Each step: a column's path to its values [n, ...], as they are stored."""
    steps = WholeSteps()
    for start in range(0, len(trace), trace.chunk_size):
        stop = min(start + trace.chunk_size, len(trace))
        values = {column: trace.storage.read(column, start, stop) for column in trace.columns}
        yield from steps.add(values, np.ones(stop - start, np.bool_))
        if on_progress is not None:
            on_progress(stop, len(trace))
    yield from steps.finish(is_complete=True)
