"""Opening a file that isn't as a trace's has to be: its superblock can be made anew, or all of it."""

from __future__ import annotations

import contextlib
import os
import shutil
from functools import partial
from typing import TYPE_CHECKING, BinaryIO

from sparsey_trace.errors import TraceError, VersionError
from sparsey_trace.support.writing import PartialFile, writing
from sparsey_trace.trace.hdf5.superblock import SIGNATURE, SUPERBLOCK_BYTES, Superblock, user_block_bytes
from sparsey_trace.trace.reading.open_file import TRUNCATED, close_file, open_file
from sparsey_trace.trace.rescue.rewriting import rewrite

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import h5py

_BLOCK = 1 << 20
_VERSION = b"\x03"
"""Of the superblock that traces have."""
_NEAR = 4096
"""The root group's header stands no farther than this from the beginning."""


@contextlib.contextmanager
def opened_broken(path: Path, out: Path) -> Iterator[h5py.File]:
    """A file of a trace where HDF5 opens it; where it doesn't, a copy that it opens.

    Args:
        path: the trace, which stays as it is.
        out: what is made of it; beside it a copy may stand meanwhile.

    Raises:
        OutputError: the copy can't be made.
        TraceError: it is no trace, or too broken.
        VersionError: it is in a version of the format that this program doesn't read.
    """
    try:
        file = open_file(path)
    except VersionError:
        raise
    except TraceError as error:
        if not (path.is_file() and os.access(path, os.R_OK)):
            raise
        copy = PartialFile(out.with_name(f"{out.name}.mended"))
        try:
            yield from _mended(path, copy, error)
        finally:
            copy.discard()
        return
    try:
        yield file
    finally:
        close_file(file)


def _mended(path: Path, copy: PartialFile, error: TraceError) -> Iterator[h5py.File]:
    with path.open("rb") as stream:
        before = user_block_bytes(partial(_read_bytes, stream), path.stat().st_size) or 0
        is_older = _read_bytes(stream, before + len(SIGNATURE), 1) < _VERSION
    if is_older:
        try:
            rewrite(path, copy.partial)
        except TraceError as failed:
            # Its first bytes may be damaged ones of a trace's.
            error, is_older = failed, False
            copy.discard()
    if not is_older:
        _copy(path, copy, before, error)
    try:
        file = open_file(copy.partial)
    except TraceError:
        raise _hopeless(path, error) from None
    try:
        yield file
    finally:
        close_file(file)


def _hopeless(path: Path, error: TraceError) -> TraceError:
    if TRUNCATED not in str(error):
        return error
    msg = (
        f"{path}: expected a trace of which something can be had, found one that was cut short before its first chunk; "
        "copy it again"
    )
    return TraceError(msg)


def _copy(path: Path, copy: PartialFile, before: int, error: TraceError) -> None:
    """Make a copy with a new superblock, without so many bytes before it."""
    with writing(copy.path), copy.create() as stream, path.open("rb") as broken:
        broken.seek(before)
        shutil.copyfileobj(broken, stream, _BLOCK)
        size = stream.tell()
        # The root group is made first. What stood behind the end of a copy that was cut short is missing, not zeros.
        root = _read_bytes(broken, before, _NEAR).find(b"OHDR")
        if root < SUPERBLOCK_BYTES:
            raise error
        stream.seek(0)
        stream.write(bytes(Superblock(flags=0, end_of_file=size, root=root)))


def _read_bytes(stream: BinaryIO, address: int, count: int) -> bytes:
    stream.seek(address)
    return stream.read(count)
