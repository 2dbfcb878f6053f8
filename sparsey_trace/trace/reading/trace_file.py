"""One file of a trace, open: what it says of itself, and its samples."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from sparsey_trace.errors import TraceError
from sparsey_trace.trace.format import schema
from sparsey_trace.trace.format.damage import DAMAGE, reading
from sparsey_trace.trace.format.head import Head, read_head
from sparsey_trace.trace.hdf5 import guarded
from sparsey_trace.trace.reading.open_file import REWRITE, close_file, open_file
from sparsey_trace.trace.reading.storage import Storage

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import h5py

    from sparsey_trace.trace.format.run_part import RunPart


@dataclass(frozen=True, eq=False, kw_only=True)
class TraceFile:
    """An open file of a trace.

    Attributes:
        path: the file.
        head: what it says before its first sample.
        storage: its samples.
    """

    path: Path
    head: Head
    storage: Storage

    @property
    def columns(self) -> Mapping[str, schema.Column]:
        """Path in the file to how its values are stored; its inputs may come to be stored by another kind."""
        return self.storage.columns

    @property
    def input_kind(self) -> str:
        """How inputs are kept now."""
        column = self.columns.get(schema.INPUTS)
        return "none" if column is None else column.kind

    @property
    def part(self) -> RunPart:
        """Which part of the run it is."""
        return self.head.part

    @property
    def last_step(self) -> int:
        """The number of the last committed step; the one before its first where it has none."""
        size = self.storage.committed
        if not size:
            return self.part.first_step - 1
        return int(self.storage.read("samples/step", size - 1, size)[0])

    @property
    def next_step(self) -> int:
        """The number of the next pass: behind all steps that are there, were dropped, or weren't to be recorded."""
        dropped: list[int] = self.storage.drops()["step"].tolist()
        return max(self.last_step + 1, self.storage.next_step(), *(step + 1 for step in dropped))


def open_trace_file(path: Path, *, cache_bytes: int = 0) -> TraceFile:
    """Open and check one file.

    Raises:
        TraceError: it doesn't exist, is no trace, or is damaged.
        VersionError: it is in a version of the format that this program doesn't read.
    """
    file = open_file(path)
    try:
        with reading(path, "a trace as docs/trace-format.md describes it"):
            head = read_head(file)
            storage = Storage(
                file, _columns(head), cache_bytes=cache_bytes, successor=partial(_successor, path, head)
            )
    except TraceError as error:
        close_file(file)
        if guarded.STORED_BY_OTHERS not in str(error):
            raise
        msg = f"{error}; {REWRITE}"
        raise TraceError(msg) from error
    except BaseException:
        close_file(file)
        raise
    return TraceFile(path=path, head=head, storage=storage)


def _columns(head: Head) -> dict[str, schema.Column]:
    return {c.path: c for c in schema.columns(head.layout, head.input_kind, head.values)}


def _successor(
    path: Path, head: Head, file: h5py.File
) -> tuple[h5py.File, Mapping[str, schema.Column]] | None:
    """The file of the same trace that stands at a path now, if it is another than the open one; see `Storage`."""
    try:
        if os.path.samestat(path.stat(), os.fstat(file.id.get_vfd_handle())):
            return None
        found = open_file(path)
    except (OSError, TraceError):
        return None
    try:
        its = read_head(found)
        if its.id == head.id:
            return found, _columns(its)
    except DAMAGE:
        pass
    close_file(found)
    return None
