"""Traces that lie elsewhere: fsspec brings them here, as HDF5 wants a file it can map and lock."""

from __future__ import annotations

import atexit
import tempfile
from functools import cache
from pathlib import Path, PurePosixPath

from sparsey_trace.errors import TraceError, UsageError, call_by_url
from sparsey_trace.trace.reading.patterns import is_pattern, only_below


def fetch(url: str) -> list[Path]:
    """Bring a file, or all that match a pattern, to a folder that is removed when the process ends.

    What lies on this machine's own disk (`file://`) stays where it is. A trace that is being written is had as
    it was at this moment.

    Raises:
        TraceError: there is no such file, or it can't be had.
        UsageError: fsspec, or what it needs for this, isn't installed.
    """
    try:
        import fsspec
        from fsspec.implementations.local import LocalFileSystem
    except ModuleNotFoundError as error:
        msg = f'{url}: expected the package fsspec, found it not installed; run pip install "sparsey-trace[remote]"'
        raise UsageError(msg) from error
    try:
        system, path = fsspec.core.url_to_fs(url)
        several = is_pattern(path, system.exists)
        names = sorted(system.glob(only_below(path, system.exists))) if several else [path]
        if isinstance(system, LocalFileSystem):
            return [Path(name) for name in names]
        found = _places(names)
        for name, copy in zip(names, found, strict=True):
            system.get_file(name, copy)
            call_by_url(str(copy), _url(url, system.unstrip_protocol(name)) if several else url)
        for name, copy in zip(names, found, strict=True):
            call_by_url(str(copy.parent), system.unstrip_protocol(name).rpartition("/")[0])
    except ImportError as error:
        msg = f"{url}: expected the packages that fsspec needs for it, found one not installed: {error}"
        raise UsageError(msg) from error
    except (OSError, ValueError) as error:
        msg = f"{url}: expected a file that fsspec can read, found {type(error).__name__}: {error}"
        raise TraceError(msg) from error
    return found


def _places(names: list[str]) -> list[Path]:
    """Where copies go: of files that lie in one folder into one folder, under their names.

    Their folders' own names are not used: those in an archive may lead out of it.
    """
    folders = list(dict.fromkeys(PurePosixPath(name).parent for name in names))
    here = {folder: Path(tempfile.mkdtemp(dir=_copies())) for folder in folders}
    return [here[PurePosixPath(name).parent] / PurePosixPath(name).name for name in names]


def _url(pattern: str, found: str) -> str:
    """What one of those is called that match a pattern: what stands around an archive is part of it."""
    _, chained, around = pattern.partition("::")
    return found + chained + around


@cache
def _copies() -> str:
    folder = tempfile.TemporaryDirectory(prefix="sparsey-trace-")
    atexit.register(folder.cleanup)
    return folder.name
