"""Stores that fsspec reaches: what a URL names there."""

from __future__ import annotations

import atexit
import contextlib
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sparsey_trace.errors import SparseyTraceError, TraceError, UsageError
from sparsey_trace.support.user_path import url_named, user_path

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from fsspec import AbstractFileSystem


def store_at(url: str) -> tuple[AbstractFileSystem, str]:
    """The store that a URL leads to, and what it calls what the URL names.

    Raises:
        UsageError: fsspec, or what it needs for this, isn't installed.
        ValueError: fsspec knows no such store.
        OSError: what stands around it can't be opened.
    """
    try:
        import fsspec
    except ModuleNotFoundError as error:
        msg = f'{url}: expected the package fsspec, found it not installed; run pip install "sparsey-trace[remote]"'
        raise UsageError(msg) from error
    try:
        system, name = fsspec.core.url_to_fs(url)
    except ImportError as error:
        msg = f"{url}: expected the packages that fsspec needs for it, found one not installed: {error}"
        raise UsageError(msg) from error
    return system, str(name)


def is_here(system: Any) -> bool:
    """Whether a store is this machine's own disk."""
    from fsspec.implementations.local import LocalFileSystem

    return isinstance(system, LocalFileSystem)


def here(url: str) -> Path | None:
    """The path of what lies on this machine's own disk (`file://`); None where it lies elsewhere.

    Raises:
        UsageError: fsspec, or what it needs for this, isn't installed.
    """
    try:
        system, name = store_at(url)
    except UsageError:
        raise
    except Exception:  # noqa: BLE001 - what stores raise is of no common kind; who goes on there tells it
        return None
    return Path(name) if is_here(system) else None


def told(error: Exception) -> str:
    r"""What a store, or fsspec, raised, in one line; the answers of some go on for many.

    >>> told(OSError("no such container\nRequestId: 7947"))
    'OSError: no such container'
    """
    lines = str(error).splitlines() or [""]
    return f"{type(error).__name__}: {lines[0]}"


@contextlib.contextmanager
def telling(url: str, expected: str, kind: type[SparseyTraceError] = TraceError) -> Iterator[None]:
    """Have whatever a store raises, which is of no common kind, told as an error that names the URL.

    Args:
        url: what is asked of it.
        expected: of what is there.
        kind: of the error.
    """
    try:
        yield
    except SparseyTraceError:
        raise
    except Exception as error:
        msg = f"{url}: expected {expected}, found {told(error)}"
        raise kind(msg) from error


def path_of(named: str | os.PathLike[str]) -> Path | None:
    """The path of what was named, a URL of this machine's own disk (`file://`) too; None where it lies elsewhere.

    Raises:
        UsageError: the name is empty; or fsspec, or what it needs for this, isn't installed.
    """
    url = url_named(named)
    return here(url) if url else user_path(named)


def folder_for_copies() -> Path:
    """A new folder on this machine for what is brought here, which lasts as long as the process."""
    return Path(tempfile.mkdtemp(dir=_copies()))


@cache
def _copies() -> str:
    folder = tempfile.TemporaryDirectory(prefix="sparsey-trace-")
    atexit.register(folder.cleanup)
    return folder.name
