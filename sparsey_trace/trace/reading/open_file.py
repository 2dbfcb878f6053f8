"""Opening the file behind a trace, and saying what is wrong where it isn't one."""

from __future__ import annotations

import contextlib
import ctypes
import os
from functools import partial
from typing import TYPE_CHECKING, BinaryIO

import h5py
from h5py._objects import phil

from sparsey_trace.errors import TraceError, VersionError
from sparsey_trace.support.suggest import hint_of_file
from sparsey_trace.trace.format import schema
from sparsey_trace.trace.format.damage import reading
from sparsey_trace.trace.hdf5 import attributes, guarded
from sparsey_trace.trace.hdf5.object_headers import read_header
from sparsey_trace.trace.hdf5.read_file import ReadFile
from sparsey_trace.trace.hdf5.sound_headers import see_groups
from sparsey_trace.trace.hdf5.superblock import (
    SIGNATURE,
    SUPERBLOCK_BYTES,
    SUPERBLOCK_VERSION,
    Superblock,
    user_block_bytes,
)
from sparsey_trace.trace.paths import lock_path
from sparsey_trace.trace.reading.remote import ranged_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sparsey_trace.trace.hdf5.byte_source import ByteSource
    from sparsey_trace.trace.hdf5.ranged_file import RangedFile

TRUNCATED = "expected a whole file, found a truncated one"
_SAVE = "copy it again, or see what `sparsey-trace repair` can save"

REWRITE = "`sparsey-trace repair OLD -o NEW` rewrites it"

_READ_ATTEMPTS = 25
"""How often HDF5 tries to read a piece of metadata that a writer may be changing: 70 ms in all."""


def open_file(path: Path) -> ReadFile:
    """Open a trace's file for reading, whether it is closed, being written or left behind.

    Raises:
        TraceError: there is no file, or what is there is no trace or can't be read.
        VersionError: it is in a version of the format that this program doesn't read.
    """
    source = ranged_at(path)
    superblock = _superblock(path, source)
    try:
        with reading(path, "a sparsey-trace file (HDF5)"), _reader(path, source) as read:
            read_header(read, superblock.root, "its root")
        file = _open(path, source, superblock)
    except VersionError:
        raise
    except TraceError as error:
        # One that is being written may be shorter than it says and whole, but not where it can't be opened.
        if source is not None or not path.is_file() or path.stat().st_size >= superblock.end_of_file:
            raise
        msg = f"{path}: {TRUNCATED}: {_SAVE}"
        raise TraceError(msg) from error
    return file


@contextlib.contextmanager
def _reader(path: Path, source: ByteSource | None) -> Iterator[Callable[[int, int], bytes]]:
    """What reads the file's bytes, by address and count."""
    if source is not None:
        yield source.read
        return
    with path.open("rb") as stream:
        yield partial(_read_bytes, stream)


def _open(path: Path, source: RangedFile | None, superblock: Superblock) -> ReadFile:
    try:
        file = _open_growing(path) if superblock.is_growing else ReadFile(path, source=source, locking=False)
    except (OSError, RuntimeError, ValueError) as error:
        msg = f"{path}: {_diagnosis(superblock, error)}"
        raise TraceError(msg) from error
    try:
        _check_format(file, path)
    except BaseException:
        close_file(file)
        raise
    return file


def close_file(file: h5py.File) -> None:
    """Close a file that was only read: what HDF5 finds wrong with it then is of no more use."""
    with contextlib.suppress(OSError, RuntimeError):
        file.close()


def _superblock(path: Path, source: ByteSource | None) -> Superblock:
    """How the file wants to be opened, after a look at whether HDF5 can."""
    try:
        if not path.is_file():
            msg = f"{path}: expected a trace file, found {_instead(path)}"
            raise TraceError(msg)
        with _reader(path, source) as read:
            start = read(0, SUPERBLOCK_BYTES)
            size = (path.stat() if source is None else source.status()).st_size
            user_block = 0 if start.startswith(SIGNATURE) else user_block_bytes(read, size)
    except PermissionError as error:
        msg = f"{path}: expected a readable file, found no permission to read it"
        raise TraceError(msg) from error
    except OSError as error:
        msg = f"{path}: expected a readable file, found: {error.strerror or error}"
        raise TraceError(msg) from error
    if not start.startswith(SIGNATURE):
        found = "a file that isn't HDF5" if start else "an empty file"
        if user_block is not None:
            found = f"{user_block:,} bytes of a user block before it; {REWRITE}"
        msg = f"{path}: expected a sparsey-trace file (HDF5), found {found}"
        raise TraceError(msg)
    superblock = Superblock.parse(start)
    # A file that is being written may say that it is longer than it is.
    claimed = superblock.end_of_file if superblock is not None and not superblock.flags else 0
    if len(start) < SUPERBLOCK_BYTES or claimed > size:
        msg = f"{path}: {TRUNCATED}: {_SAVE}"
        raise TraceError(msg)
    if superblock is None:
        msg = (
            f"{path}: expected HDF5 as a trace is written (superblock 3), found another kind ({_kind(start)}), "
            f"as other tools write it; if it holds a trace, {REWRITE}"
        )
        raise TraceError(msg)
    return superblock


def _kind(start: bytes) -> str:
    return (
        f"superblock {start[8]}"
        if start[8] != SUPERBLOCK_VERSION
        else "superblock 3 with more than a trace's says"
    )


def _read_bytes(stream: BinaryIO, address: int, count: int) -> bytes:
    stream.seek(address)
    return stream.read(count)


def _instead(path: Path) -> str:
    if path.is_dir():
        return "a folder"
    if path.exists():
        return "something else"
    if path.is_symlink():
        return f"a link to {path.readlink()}, where no file is"
    if lock_path(path).exists():
        return "one without a step yet: its writer is about to begin, or died before"
    return f"no such file{hint_of_file(path)}"


def _open_growing(path: Path) -> ReadFile:
    """Open a file whose writer lives, or died: HDF5 opens it in no other way."""
    access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    # HDF5 doubles its pause between attempts to read damaged metadata, 100 times: for ever. h5py
    # can't ask it for fewer, so this goes to the HDF5 that h5py has loaded, behind h5py's lock: HDF5 bears one thread.
    limit = getattr(ctypes.CDLL(h5py.h5p.__file__), "H5Pset_metadata_read_attempts", None)
    if limit is not None:
        with phil:
            limit(ctypes.c_int64(access.id), ctypes.c_uint(_READ_ATTEMPTS))
    access.set_file_locking(False, True)  # noqa: FBT003 - h5py takes them by position only
    flags = h5py.h5f.ACC_RDONLY | h5py.h5f.ACC_SWMR_READ
    return ReadFile(path, h5py.h5f.open(os.fsencode(path), flags, access))


def _diagnosis(superblock: Superblock, error: Exception) -> str:
    if superblock.is_taken:
        return "expected a trace, found HDF5 that another program has open for writing, or left so"
    if "locking flag" in str(error):
        return (
            "expected a file that this process hasn't open in another way, found that it has, as h5py.File opens it; "
            "close that, or open it there with locking=False"
        )
    return f"expected a readable HDF5 file, found: {error}"


def _check_format(file: ReadFile, path: Path) -> None:
    with reading(path, "a sound HDF5 file"):
        see_groups(file, guarded.check_links(file, schema.is_group))
        is_known = attributes.has_attribute(file, "format")
    if not is_known:
        held = ", ".join(repr(name) for name in list(file)[:5]) or "nothing"
        msg = f"{path}: expected a sparsey-trace file, found HDF5 of another kind (it holds: {held})"
        raise TraceError(msg)
    with reading(path, "a sparsey-trace file with a format_version"):
        version = attributes.read_number(file, "format_version")
    _check_version(version, path)
    with reading(path, f"a file of the format {schema.FORMAT}"):
        kind = attributes.read_text(file, "format")
        if kind != schema.FORMAT:
            msg = f"format {kind!r}"
            raise ValueError(msg)


def _check_version(version: int, path: Path) -> None:
    if version < 1:
        msg = f"{path}: expected a format_version of 1 or more, found {version}"
        raise TraceError(msg)
    if version in schema.READABLE:
        return
    if version in schema.LAST_READ_BY:
        first, last = schema.LAST_READ_BY[version]
        what_to_do = (
            f"only commits {first} to {last} of sparsey-trace read it; check out {last} for that, or record the run "
            "anew"
        )
    else:
        what_to_do = "a newer sparsey-trace wrote it; upgrade with `pip install -U sparsey-trace`"
    readable = " or ".join(map(str, schema.READABLE))
    msg = f"{path}: expected format version {readable}, found {version}: {what_to_do}"
    raise VersionError(msg)
