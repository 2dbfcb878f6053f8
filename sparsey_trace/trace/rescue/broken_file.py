"""Opening a file that isn't as a trace's has to be: its superblock can be made anew, or all of it."""

from __future__ import annotations

import contextlib
import os
import shutil
from functools import partial
from typing import TYPE_CHECKING, BinaryIO

from sparsey_trace.errors import TraceError, VersionError
from sparsey_trace.support.writing import PartialFile, writing
from sparsey_trace.trace.format.damage import reading
from sparsey_trace.trace.hdf5.superblock import (
    SIGNATURE,
    STORED_BY_OTHERS,
    SUPERBLOCK_BYTES,
    Superblock,
    is_of_others,
    user_block_bytes,
)
from sparsey_trace.trace.reading.open_file import TRUNCATED, close_file, open_file
from sparsey_trace.trace.rescue.rewriting import rewrite
from sparsey_trace.trace.rescue.salvage import Salvage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BLOCK = 1 << 20
_NEAR = 4096
"""The root group's header stands no farther than this from the beginning."""


@contextlib.contextmanager
def opened_broken(path: Path, out: Path) -> Iterator[Salvage]:
    """What can be read of a trace: of its file, or where HDF5 or this program can't open that, of a copy.

    Args:
        path: the trace, which stays as it is.
        out: what is made of it; beside it a copy may stand meanwhile.

    Raises:
        OutputError: the copy can't be made.
        TraceError: it is no trace, or too broken.
        VersionError: it is in a version of the format that this program doesn't read.
    """
    copy = PartialFile(out.with_name(f"{out.name}.mended"))
    with contextlib.ExitStack() as stack:
        stack.callback(copy.discard)
        yield _salvage(path, copy, stack)


def _salvage(path: Path, copy: PartialFile, stack: contextlib.ExitStack) -> Salvage:
    try:
        found = _opened(path, path, stack)
    except VersionError:
        raise
    except TraceError as error:
        if not (path.is_file() and os.access(path, os.R_OK)):
            raise
        return _mended(path, copy, error, stack)
    if any(STORED_BY_OTHERS in loss for loss in found.losses):
        with contextlib.suppress(TraceError):
            return _rewritten(path, copy, stack)
        copy.discard()
    return found


def _opened(file_path: Path, path: Path, stack: contextlib.ExitStack) -> Salvage:
    file = open_file(file_path)
    stack.callback(close_file, file)
    with reading(path, "a trace of which something can be had"):
        return Salvage(file)


def _rewritten(path: Path, copy: PartialFile, stack: contextlib.ExitStack) -> Salvage:
    rewrite(path, copy.partial)
    return _opened(copy.partial, path, stack)


def _mended(path: Path, copy: PartialFile, error: TraceError, stack: contextlib.ExitStack) -> Salvage:
    with path.open("rb") as stream:
        before = user_block_bytes(partial(_read_bytes, stream), path.stat().st_size) or 0
        superblock = _read_bytes(stream, before, SUPERBLOCK_BYTES)
    is_stored_otherwise = STORED_BY_OTHERS in str(error)
    if is_stored_otherwise or is_of_others(superblock):
        try:
            return _rewritten(path, copy, stack)
        except TraceError as failed:
            # Its first bytes may be damaged ones of a trace's; what is no HDF5 at all was told already.
            error = failed if is_stored_otherwise or superblock.startswith(SIGNATURE) else error
            copy.discard()
    if is_stored_otherwise:
        raise error
    _copy(path, copy, before, error)
    try:
        return _opened(copy.partial, path, stack)
    except TraceError:
        raise _hopeless(path, error) from None


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
