"""From what users name (a folder, a pattern, a list) to the files that are there, of any number of runs."""

from __future__ import annotations

import glob
import os
from pathlib import Path
from typing import TYPE_CHECKING

from sparsey_trace.errors import TraceError, UsageError
from sparsey_trace.support.stores import path_of
from sparsey_trace.support.suggest import TRACES
from sparsey_trace.support.user_path import as_named, url_named
from sparsey_trace.trace.reading.patterns import is_pattern, only_below

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from sparsey_trace.trace.reading.sources import Source

RESULTS = ".metrics"
"""How the names of folders of results end; no runs are looked for in these."""


def files_of(source: Source) -> dict[Path, bool]:
    """The files that may be runs' or parts of these, absolute, in the order of their names.

    A link to a file that is found as well is left out, and so is another link to the same file.

    Args:
        source: a folder, in which files are found that end as traces do, in folders below it too; a pattern; a
            file; a URL of one of these; or several.

    Returns:
        File to whether it was named, itself or by a pattern: one that was only come upon in a folder needn't be a
        trace. A path stands for a URL as pathlib leaves it.

    Raises:
        TraceError: there are none.
        UsageError: a name is empty, or a URL that fsspec doesn't know or that leads through an archive.
    """
    named = [source] if isinstance(source, (str, os.PathLike)) else list(source)
    found: dict[Path, bool] = {}
    for name in named:
        for path, is_named in _files_of(name):
            found[path] = found.get(path, False) or is_named
    if not found:
        said = ", ".join(map(as_named, named)) or "an empty list"
        msg = f"{said}: expected runs there, files that end in {' or '.join(TRACES)}, found none"
        raise TraceError(msg)
    return dict(sorted(_each_once(found).items()))


def _each_once(found: dict[Path, bool]) -> dict[Path, bool]:
    """The files, without links that lead to one of the others."""
    links = [path for path in found if path.is_symlink()]
    if not links:
        return found
    files = {path: is_named for path, is_named in found.items() if path not in set(links)}
    known = {os.path.realpath(path): path for path in files}
    for link in links:
        path = known.setdefault(os.path.realpath(link), link)
        files[path] = files.get(path, False) or found[link]
    return files


def _files_of(name: str | os.PathLike[str]) -> Iterator[tuple[Path, bool]]:
    path = path_of(name)
    if path is None:
        from sparsey_trace.runs.elsewhere import files_at

        yield from files_at(url_named(name), leave_out=RESULTS)
        return
    if is_pattern(str(path), os.path.lexists):
        pattern = only_below(str(path), os.path.lexists)
        for match in sorted(glob.glob(pattern, recursive=True)):  # noqa: PTH207 - Path.glob takes no absolute pattern
            yield from _of_path(Path(match))
        return
    if not path.exists():
        msg = f"{path}: expected a run, or a folder of runs, found neither"
        raise TraceError(msg)
    yield from _of_path(path)


def _of_path(path: Path) -> Iterator[tuple[Path, bool]]:
    if not path.is_dir():
        yield _absolute(path), True
        return
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and not name.endswith(RESULTS)
        )
        for name in names:
            if name.endswith(TRACES) and not name.startswith("."):
                yield _absolute(Path(folder, name)), False


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100 - links stay what users call them


def is_folder(name: str) -> bool:
    """Whether a name, which may be a URL, is a folder's; in a store what ends as traces do isn't asked."""
    path = path_of(name)
    if path is not None:
        return path.is_dir()
    # Who asks of a folder here needs none of it.
    from sparsey_trace.runs.elsewhere import is_folder_at

    return is_folder_at(url_named(name))


def common_folder(source: Source, files: Collection[Path]) -> Path:
    """The folder that files have in common: one that was named, or stands before a pattern; else the innermost.

    So that it stays the same when runs come and go.

    Args:
        source: what was named.
        files: that were found there.

    Raises:
        UsageError: some are here, and some in a store.
    """
    named = [source] if isinstance(source, (str, os.PathLike)) else list(source)
    if len(named) == 1:
        folder = _folder_of(named[0], files)
        if all(file.is_relative_to(folder) for file in files):
            return folder
    try:
        return Path(os.path.commonpath([file.parent for file in files]))
    except ValueError as error:
        said = ", ".join(map(as_named, named))
        msg = f"{said}: expected runs in one place, found some here and some at URLs; name them apart"
        raise UsageError(msg) from error


def _folder_of(name: str | os.PathLike[str], files: Collection[Path]) -> Path:
    path = path_of(name)
    if path is None:
        from sparsey_trace.runs.elsewhere import folder_at

        return folder_at(url_named(name), files)
    return _absolute(next(one for one in (path, *path.parents) if _is_folder(one)))


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not is_pattern(str(path), os.path.lexists)
