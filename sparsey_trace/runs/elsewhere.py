"""Runs in stores that fsspec reaches: which files lie there, and what a store says of one.

A path stands for a URL as pathlib leaves it, with one slash behind the scheme; `url_named` gives the URL back.
"""

from __future__ import annotations

import contextlib
import glob
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py

from sparsey_trace.errors import TraceError, UsageError, call_by_url
from sparsey_trace.runs.catalogue_file import NAME
from sparsey_trace.support.stored_folder import StoredFolder
from sparsey_trace.support.stores import folder_for_copies, store_at, telling
from sparsey_trace.support.suggest import TRACES
from sparsey_trace.trace.hdf5.ranged_file import current_info, number_of, version_of
from sparsey_trace.trace.reading.patterns import is_pattern, only_below

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping


def files_at(url: str, *, leave_out: str) -> list[tuple[Path, bool]]:
    """The files that a URL names: of a folder those that end as traces do, in folders below it too.

    Args:
        url: of a file, a folder, or a pattern.
        leave_out: how the names of folders end in which none are looked for.

    Returns:
        Each, and whether it was named, itself or by a pattern.

    Raises:
        TraceError: nothing is there, or it can't be looked at.
        UsageError: fsspec doesn't know it, or it leads through an archive.
    """
    if "::" in url:
        msg = f"{url}: expected runs in a store, found a URL that leads through another; open them with open_trace"
        raise UsageError(msg)
    with telling(url, "runs there that can be looked at"):
        system, name = store_at(url)
        system.invalidate_cache()
        named = _named(system, name)
        found = [one for name in sorted(named) for one in _below(system, named[name], leave_out)]
        # As they are called with all slashes; a name with two in a row can't be told from one without.
        return [(Path(system.unstrip_protocol(file)), is_named) for file, is_named in found]


def _named(system: Any, name: str) -> Mapping[str, dict[str, Any]]:
    """What a store says of a name, or of all that match it."""
    if is_pattern(name, system.exists):
        found: dict[str, dict[str, Any]] = system.glob(only_below(name, system.exists), detail=True)
        return found
    try:
        return {name: system.info(name)}
    except FileNotFoundError:
        msg = f"{system.unstrip_protocol(name)}: expected a run, or a folder of runs, found neither"
        raise TraceError(msg) from None


def _below(system: Any, info: Mapping[str, Any], leave_out: str) -> Iterator[tuple[str, bool]]:
    top = str(info["name"])
    if info["type"] != "directory":
        yield top, True
        return
    for file in sorted(system.find(top)):
        *folders, name = file.removeprefix(top).strip("/").split("/")
        is_left_out = any(folder.startswith(".") or folder.endswith(leave_out) for folder in folders)
        if name.endswith(TRACES) and not name.startswith(".") and not is_left_out:
            yield file, False


def folder_at(url: str, files: Collection[Path]) -> Path:
    """The folder that a URL names, or that stands before a pattern, or around a file."""
    with telling(url, "runs there that can be looked at"):
        system, name = store_at(url)
        path = Path(system.unstrip_protocol(name))
    return next(one for one in (path, *path.parents) if one not in files and not glob.has_magic(str(one)))


def is_folder_at(url: str) -> bool:
    """Whether a URL is a folder's; a name that ends as a trace's isn't asked for."""
    if url.endswith(TRACES) or "::" in url or glob.has_magic(url):
        return False
    with telling(url, "a trace, or a folder of runs"):
        system, name = store_at(url)
        return bool(system.isdir(name))


def seen_at(url: str) -> tuple[int, int]:
    """The size of a file in a store, and what stands for its time: a digest of the store's own version of it; or 0.

    Raises:
        TraceError: it isn't there, or can't be asked for.
    """
    with telling(url, "a run that can be read"):
        version = version_of(current_info(*store_at(url)))
    size, *others = version
    return int(size or 0), number_of(version) if others else 0


def is_foreign_at(url: str) -> bool:
    """Whether a file in a store is sound HDF5 that doesn't say that it is a trace."""
    # What stores raise is of no common kind.
    with contextlib.suppress(Exception):
        system, name = store_at(url)
        with system.open(name, "rb") as stream, h5py.File(stream, "r") as file:
            return "format" not in file.attrs
    return False


def known_at(url: str) -> Path:
    """A copy here of what is known of runs in a folder of results in a store, without the tables; it may be empty.

    Raises:
        TraceError: it can't be read.
    """
    folder, stored = folder_for_copies(), StoredFolder(url)
    manifest = stored.manifest()
    if manifest is not None:
        names = [file.name for file in manifest.files]
        stored.bring(folder, only=[name for name in names if name == NAME or not name.endswith(".parquet")])
        call_by_url(str(folder), f"{stored.url}/{manifest.snapshot}")
    return folder
