"""One file of a trace, open: what it says of itself, and its samples."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from sparsey_trace.errors import TraceError
from sparsey_trace.trace.format import schema
from sparsey_trace.trace.format.damage import DAMAGE, reading
from sparsey_trace.trace.format.head import Head, read_head
from sparsey_trace.trace.hdf5.superblock import STORED_BY_OTHERS
from sparsey_trace.trace.reading.open_file import REWRITE, close_file, open_file
from sparsey_trace.trace.reading.storage import Storage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from sparsey_trace.layout import Layout
    from sparsey_trace.trace.format.run_part import RunPart
    from sparsey_trace.trace.hdf5.read_file import ReadFile


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


def open_trace_file(path: Path, *, cache_bytes: int = 0, like: Head | None = None) -> TraceFile:
    """Open and check one file.

    Args:
        path: the file.
        cache_bytes: how much may be kept decompressed.
        like: what another file of the run says: what is the same here is kept once.

    Raises:
        TraceError: it doesn't exist, is no trace, or is damaged.
        VersionError: it is in a version of the format that this program doesn't read.
    """
    with _naming_the_way_on():
        file = open_file(path)
        try:
            with reading(path, "a trace as docs/trace-format.md describes it"):
                head = _shared(read_head(file), like)
                storage = Storage(
                    file, _columns(head), cache_bytes=cache_bytes, present=partial(_present, path, head.id)
                )
        except BaseException:
            close_file(file)
            raise
    return TraceFile(path=path, head=head, storage=storage)


def _shared(head: Head, like: Head | None) -> Head:
    """The same, with the parts of another that are equal: those of a thousand ranks take the memory of one."""
    if like is None:
        return head
    alike = {name: getattr(like, name) for name in ("layout", "config", "versions")}
    return replace(head, **{name: part for name, part in alike.items() if part == getattr(head, name)})


def _columns(head: Head) -> Mapping[str, schema.Column]:
    return _columns_of(head.layout, head.input_kind, head.values, head.code_bits)


@lru_cache(maxsize=8)
def _columns_of(
    layout: Layout, input_kind: str, values: tuple[tuple[str, ...], ...], bits: tuple[int, ...]
) -> dict[str, schema.Column]:
    return {column.path: column for column in schema.columns(layout, input_kind, values, bits)}


def _present(path: Path, id_: str) -> tuple[ReadFile, Mapping[str, schema.Column]] | None:
    """The file that stands at a path now, if it is of the trace of that id; see `Storage`."""
    try:
        found = open_file(path)
    except (OSError, TraceError):
        return None
    try:
        its = read_head(found)
        if its.id == id_:
            return found, _columns(its)
    except DAMAGE:
        pass
    close_file(found)
    return None


@contextlib.contextmanager
def _naming_the_way_on() -> Iterator[None]:
    """Say of what other tools store in another way, and a repair makes anew, that it does."""
    try:
        yield
    except TraceError as error:
        if STORED_BY_OTHERS not in str(error):
            raise
        msg = f"{error}; {REWRITE}"
        raise TraceError(msg) from error
