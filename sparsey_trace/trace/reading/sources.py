"""From what users name (a file, several, a pattern) to the files of one trace."""

from __future__ import annotations

import contextlib
import glob
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from sparsey_trace.errors import TraceError
from sparsey_trace.support.user_path import is_url, user_path
from sparsey_trace.trace.reading.chains import chains
from sparsey_trace.trace.reading.patterns import is_pattern, only_below
from sparsey_trace.trace.reading.remote import fetch
from sparsey_trace.trace.reading.trace_file import TraceFile, open_trace_file

Source: TypeAlias = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]
"""A path, a pattern such as "run.*.h5", a URL that fsspec knows, or several of these."""


def open_chains(
    source: Source, *, cache_bytes: int = 0, missing_ranks: str = "refuse"
) -> list[list[TraceFile]]:
    """Open all files of a trace: of each rank, in order. One file that is named alone is not asked for others.

    Args:
        source: what was named. To what matches a pattern, files of the same folder are added that these
            continue.
        cache_bytes: how much may be kept decompressed, of all files together.
        missing_ranks: whether ranks may be missing; see `open_trace`.

    Raises:
        TraceError: there are none, one is no trace or is damaged, or they don't make one run.
        UsageError: a name is empty.
        VersionError: one is in a version of the format that this program doesn't read.
    """
    paths, is_complete = _named(source)
    share = cache_bytes // len(paths)
    with contextlib.ExitStack() as unless_done:
        files: list[TraceFile] = []
        # Grows while it is gone through.
        for path in paths:
            files.append(open_trace_file(path, cache_bytes=share, like=files[0].head if files else None))
            unless_done.callback(files[-1].storage.close)
            if is_complete:
                paths += [path for path in _earlier(files[-1]) if path not in paths]
        found = [files] if len(paths) == 1 and not is_complete else chains(files, missing_ranks)
        unless_done.pop_all()
        return found


def _named(source: Source) -> tuple[list[Path], bool]:
    """The files, and whether a pattern named any: then it stands for a whole run."""
    named = [source] if isinstance(source, (str, os.PathLike)) else list(source)
    found = [_matches(name) for name in named]
    if not found:
        msg = "expected a trace's path, a pattern or a list of these, found an empty list"
        raise TraceError(msg)
    return [path for paths in found for path in paths], any(map(_is_pattern, named))


def _matches(name: str | os.PathLike[str]) -> list[Path]:
    if is_url(name):
        found = fetch(os.fspath(name))
    elif _is_pattern(name):
        pattern = only_below(str(user_path(name)), os.path.lexists)
        found = sorted(map(Path, glob.glob(pattern)))  # noqa: PTH207 - Path.glob takes no absolute pattern
    else:
        return [user_path(name)]
    if not found:
        msg = f"{name}: expected files of such names, found none"
        raise TraceError(msg)
    return found


def _is_pattern(name: str | os.PathLike[str]) -> bool:
    if is_url(name):
        return glob.has_magic(os.fspath(name))
    return is_pattern(str(user_path(name)), os.path.lexists)


def _earlier(file: TraceFile) -> list[Path]:
    """The file that this one says it continues, a name without a folder, if it is there."""
    name = file.part.continues
    return [path for path in ([file.path.with_name(name)] if name else []) if path.is_file()]
