"""Opening the file behind a trace, and saying what is wrong where it isn't one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import h5py
import hdf5plugin  # noqa: F401 - registers the Zstd filter with HDF5

from sparsey_trace.errors import TraceError, VersionError
from sparsey_trace.trace import schema

if TYPE_CHECKING:
    from pathlib import Path


def open_file(path: Path) -> h5py.File:
    """Open a trace's file for reading, whether it is closed, being written or left behind.

    Raises:
        TraceError: there is no file, or what is there is no trace or can't be read.
        VersionError: the trace's format is newer than this program.
    """
    if path.is_dir() or not path.exists():
        found = "a folder" if path.is_dir() else "no such file"
        msg = f"{path}: expected a trace file, found {found}"
        raise TraceError(msg)
    try:
        # As a SWMR reader, because HDF5 opens an unclosed file in no other way.
        file = h5py.File(path, "r", swmr=True)
    except (OSError, RuntimeError) as error:
        raise TraceError(f"{path}: {_diagnosis(path, error)}") from error  # noqa: EM102 - both parts are said once
    try:
        _check_format(file, path)
    except BaseException:
        file.close()
        raise
    return file


def _diagnosis(path: Path, error: Exception) -> str:
    if isinstance(error, PermissionError):
        return "expected a readable file, found no permission to read it"
    with path.open("rb") as stream:
        start = stream.read(8)
    if start != b"\x89HDF\r\n\x1a\n":
        return "expected a sparsey-trace file (HDF5), found a file that isn't HDF5"
    if "truncated" in str(error):
        return "expected a whole file, found a truncated one: copy it again, or try `sparsey-trace repair`"
    return f"expected a readable HDF5 file, found: {error}"


def _check_format(file: h5py.File, path: Path) -> None:
    try:
        kind, version = file.attrs.get("format"), file.attrs.get("format_version")
        found = list(file)[:5]
    except (OSError, RuntimeError, KeyError) as error:
        msg = f"{path}: expected a sound HDF5 file, found: {error}"
        raise TraceError(msg) from error
    if kind != schema.FORMAT:
        msg = (
            f"{path}: expected a sparsey-trace file, found HDF5 of another kind "
            f"(it holds: {', '.join(found) or 'nothing'})"
        )
        raise TraceError(msg)
    if not 1 <= int(version or 0) <= schema.VERSION:
        msg = (
            f"{path}: expected format version {schema.VERSION} or older, found {version}: "
            "a newer sparsey-trace wrote it; upgrade with `pip install -U sparsey-trace`"
        )
        raise VersionError(msg)
