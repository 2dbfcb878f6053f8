"""Opening a file that HDF5 may not open: its superblock can be made anew."""

from __future__ import annotations

import contextlib
import os
import shutil
from typing import TYPE_CHECKING

from sparsey_trace.errors import TraceError, VersionError
from sparsey_trace.support.writing import PartialFile, writing
from sparsey_trace.trace.hdf5.superblock import SUPERBLOCK_BYTES, Superblock
from sparsey_trace.trace.reading.open_file import close_file, open_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import h5py

_BLOCK = 1 << 20
_NEAR = 4096
"""The root group's header stands no farther than this from the beginning."""


@contextlib.contextmanager
def opened_broken(path: Path, out: Path) -> Iterator[h5py.File]:
    """A file of a trace where HDF5 opens it; where it doesn't, a copy of it with a new superblock.

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
            yield from _copied(path, copy, error)
        finally:
            copy.discard()
        return
    try:
        yield file
    finally:
        close_file(file)


def _copied(path: Path, copy: PartialFile, error: TraceError) -> Iterator[h5py.File]:
    with writing(copy.path), copy.create() as stream, path.open("rb") as broken:
        shutil.copyfileobj(broken, stream, _BLOCK)
        size = stream.tell()
        broken.seek(0)
        # The root group is made first. What stood behind the end of a copy that was cut short is missing, not zeros.
        root = broken.read(_NEAR).find(b"OHDR")
        if root < SUPERBLOCK_BYTES:
            raise error
        stream.seek(0)
        stream.write(bytes(Superblock(flags=0, end_of_file=size, root=root)))
    try:
        file = open_file(copy.partial)
    except TraceError:
        raise error from None
    try:
        yield file
    finally:
        close_file(file)
