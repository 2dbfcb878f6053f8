"""Opening a file that HDF5 may not open: its superblock can be made anew."""

from __future__ import annotations

import contextlib
import os
import shutil
from typing import TYPE_CHECKING

from sparsey_trace.errors import TraceError, VersionError
from sparsey_trace.support.writing import writing
from sparsey_trace.trace.hdf5.superblock import SUPERBLOCK_BYTES, Superblock
from sparsey_trace.trace.reading.open_file import close_file, open_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import h5py

_NEAR = 4096
"""The root group's header stands no farther than this from the beginning."""


@contextlib.contextmanager
def opened_broken(path: Path, spare: Path) -> Iterator[h5py.File]:
    """A file of a trace where HDF5 opens it; where it doesn't, a copy of it with a new superblock.

    Args:
        path: the trace, which stays as it is.
        spare: where a copy may stand meanwhile.

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
        try:
            yield from _copied(path, spare, error)
        finally:
            spare.unlink(missing_ok=True)
        return
    try:
        yield file
    finally:
        close_file(file)


def _copied(path: Path, spare: Path, error: TraceError) -> Iterator[h5py.File]:
    with writing(spare):
        shutil.copyfile(path, spare)
    with spare.open("r+b") as stream:
        # The root group is made first. What stood behind the end of a copy that was cut short is missing, not zeros.
        root = stream.read(_NEAR).find(b"OHDR")
        if root < SUPERBLOCK_BYTES:
            raise error
        stream.seek(0)
        stream.write(bytes(Superblock(flags=0, end_of_file=spare.stat().st_size, root=root)))
    try:
        file = open_file(spare)
    except TraceError:
        raise error from None
    try:
        yield file
    finally:
        close_file(file)
