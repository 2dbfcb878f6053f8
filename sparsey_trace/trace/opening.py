"""Opening the file behind a trace, and saying what is wrong where it isn't one."""

from __future__ import annotations

import contextlib
import ctypes
import os
from typing import TYPE_CHECKING, Any

import h5py
import hdf5plugin  # noqa: F401 - registers the Zstd filter with HDF5
import numpy as np

from sparsey_trace.errors import TraceError, VersionError
from sparsey_trace.trace import schema

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_FLAGS = 11
"""Where an HDF5 file says whether a writer has it open, or died: one byte of its superblock."""
_WRITING, _GROWING = 1, 4
"""Its bits: open for writing; and that in the way that readers can follow (SWMR)."""

_READ_ATTEMPTS = 25
"""How often HDF5 tries to read a piece of metadata that a writer may be changing: 70 ms in all."""

_DAMAGE = (ArithmeticError, LookupError, MemoryError, OSError, RuntimeError, TypeError, ValueError)
"""What h5py and numpy raise on a file whose bytes aren't what they should be."""


def open_file(path: Path) -> h5py.File:
    """Open a trace's file for reading, whether it is closed, being written or left behind.

    Raises:
        TraceError: there is no file, or what is there is no trace or can't be read.
        VersionError: the trace's format is newer than this program.
    """
    flags = _flags(path)
    try:
        file = _open_growing(path) if flags & _GROWING else h5py.File(path, "r", locking=False)
    except (OSError, RuntimeError, ValueError) as error:
        msg = f"{path}: {_diagnosis(flags, error)}"
        raise TraceError(msg) from error
    try:
        _check_format(file, path)
    except BaseException:
        file.close()
        raise
    return file


@contextlib.contextmanager
def reading(path: str | Path, expected: str) -> Iterator[None]:
    """Turn what h5py raises on a damaged file into an error of one line that names it.

    Raises:
        TraceError: something was raised.
    """
    try:
        yield
    except _DAMAGE as error:
        # A KeyError shows itself in quotes.
        text = str(error.args[0] if isinstance(error, KeyError) and error.args else error)
        found = " ".join(text.split()) or type(error).__name__
        msg = f"{path}: expected {expected}, found: {found}"
        raise TraceError(msg) from error


def open_dataset(file: h5py.File, name: str) -> h5py.Dataset:
    """A dataset of an open file.

    Raises:
        KeyError, ValueError: there is none under that name.
    """
    found = file[name]
    if not isinstance(found, h5py.Dataset):
        msg = f"{name}: expected a dataset, found a group"
        raise ValueError(msg)
    return found


def read_text(value: Any) -> str:
    """Text from what h5py makes of a stored string, alone or the only one of a dataset.

    Raises:
        ValueError: it isn't one, or isn't UTF-8.
    """
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.item()
    if isinstance(value, bytes):
        return value.decode()
    if not isinstance(value, str):
        msg = f"expected text, found {value!r}"
        raise ValueError(msg)
    return value


def partial_path(path: Path) -> Path:
    """Where a trace is made, before it can be opened.

    >>> from pathlib import Path
    >>> partial_path(Path("runs/run.h5")).as_posix()
    'runs/.run.h5.partial'
    """
    return path.with_name(f".{path.name}.partial")


def _flags(path: Path) -> int:
    try:
        if not path.is_file():
            msg = f"{path}: expected a trace file, found {_instead(path)}"
            raise TraceError(msg)
        with path.open("rb") as stream:
            start = stream.read(_FLAGS + 1)
    except PermissionError as error:
        msg = f"{path}: expected a readable file, found no permission to read it"
        raise TraceError(msg) from error
    except OSError as error:
        msg = f"{path}: expected a readable file, found: {error.strerror}"
        raise TraceError(msg) from error
    if not start.startswith(_SIGNATURE):
        found = "a file that isn't HDF5" if start else "an empty file"
        msg = f"{path}: expected a sparsey-trace file (HDF5), found {found}"
        raise TraceError(msg)
    return start[-1]


def _instead(path: Path) -> str:
    if path.is_dir():
        return "a folder"
    if path.exists():
        return "something else"
    if partial_path(path).exists():
        return "one without a step yet: its writer is about to begin, or died before"
    return "no such file"


def _open_growing(path: Path) -> h5py.File:
    """Open a file whose writer lives, or died: HDF5 opens it in no other way."""
    access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    # HDF5 doubles its pause between attempts to read damaged metadata, 100 times: for ever. h5py
    # can't ask it for fewer, so this goes to the HDF5 that h5py has loaded.
    limit = getattr(ctypes.CDLL(h5py.h5p.__file__), "H5Pset_metadata_read_attempts", None)
    if limit is not None:
        limit(ctypes.c_int64(access.id), ctypes.c_uint(_READ_ATTEMPTS))
    access.set_file_locking(False, True)  # noqa: FBT003 - h5py takes them by position only
    flags = h5py.h5f.ACC_RDONLY | h5py.h5f.ACC_SWMR_READ
    return h5py.File(h5py.h5f.open(os.fsencode(path), flags, access))


def _diagnosis(flags: int, error: Exception) -> str:
    if flags & _WRITING and not flags & _GROWING:
        return "expected a trace, found HDF5 that another program has open for writing, or left so"
    if "truncated" in str(error):
        return "expected a whole file, found a truncated one: copy it again"
    return f"expected a readable HDF5 file, found: {error}"


def _check_format(file: h5py.File, path: Path) -> None:
    with reading(path, "a sound HDF5 file"):
        kind, version = file.attrs.get("format"), file.attrs.get("format_version")
        names = [repr(name) for name in list(file)[:5]]
    if not isinstance(kind, (str, bytes)) or kind not in (schema.FORMAT, schema.FORMAT.encode()):
        held = ", ".join(names) or "nothing"
        msg = f"{path}: expected a sparsey-trace file, found HDF5 of another kind (it holds: {held})"
        raise TraceError(msg)
    if not isinstance(version, (int, np.integer)) or version < 1:
        msg = f"{path}: expected a format_version of 1 or more, found {version!r}"
        raise TraceError(msg)
    if version > schema.VERSION:
        msg = (
            f"{path}: expected format version {schema.VERSION} or older, found {version}: "
            "a newer sparsey-trace wrote it; upgrade with `pip install -U sparsey-trace`"
        )
        raise VersionError(msg)
