"""Traces that lie elsewhere: of those in stores only what is needed is fetched; others fsspec brings here whole.

For each there is a path here, so that names, folders and errors are those of any file; where a file is read by ranges,
nothing lies there but an empty one.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from sparsey_trace.errors import call_by_url, url_of
from sparsey_trace.support.stores import folder_for_copies, is_here, store_at, telling
from sparsey_trace.trace.hdf5.ranged_file import RangedFile, current_info
from sparsey_trace.trace.hdf5.superblock import SUPERBLOCK_BYTES, Superblock
from sparsey_trace.trace.reading.patterns import is_pattern, only_below

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fsspec import AbstractFileSystem

_EXPECTED = "a file that fsspec can read"
_MOST_KNOWN = 64
_known: dict[str, RangedFile] = {}
"""By URL, those that were opened last: opened again they aren't fetched again."""
_ranged: dict[str, RangedFile] = {}
"""By the path that stands for each."""
_stand_ins: dict[str, Path] = {}
"""By the path that stands for one on another machine, or stood for it in a process that has ended: the one here."""


def fetch(url: str) -> list[Path]:
    """Paths by which a file, or all that match a pattern, can be opened, as long as the process lasts.

    What lies on this machine's own disk (`file://`) stays where it is. A trace that is being written is had as
    it was at this moment.

    Raises:
        TraceError: there is no such file, or it can't be had.
        UsageError: fsspec, or what it needs for this, isn't installed.
    """
    with telling(url, _EXPECTED):
        system, path = store_at(url)
        several = is_pattern(path, system.exists)
        names = sorted(system.glob(only_below(path, system.exists))) if several else [path]
        if is_here(system):
            return [Path(name) for name in names]
        found = _places(names)
        for name, place in zip(names, found, strict=True):
            _bring(system, name, place, _url(url, system.unstrip_protocol(name)) if several else url)
        for name, place in zip(names, found, strict=True):
            call_by_url(str(place.parent), system.unstrip_protocol(name).rpartition("/")[0])
    return found


def ranged_at(path: Path) -> RangedFile | None:
    """What is read by ranges in place of the file at a path; None where that is the file itself."""
    return _ranged.get(str(path))


def make_whole(path: Path) -> None:
    """Bring all of a file here that is read by ranges, for those who copy it or look at all of its bytes.

    Raises:
        TraceError: it can't be had.
    """
    source = _ranged.pop(str(path), None)
    if source is not None:
        with telling(str(path), _EXPECTED):
            source.copy_to(path)


def urls_of(paths: Iterable[Path]) -> dict[str, str]:
    """Of those that are read by ranges, the path to the URL: what another process has to know to open them."""
    found = {str(path): url_of(str(path)) for path in paths if str(path) in _ranged}
    return {path: url for path, url in found.items() if url is not None}


def know(urls: Mapping[str, str]) -> dict[str, Path]:
    """Take over what `urls_of` told in another process, perhaps on another machine.

    Returns:
        By the path that stands for each there, the one here: the same, where that can be seen.

    Raises:
        TraceError: one can't be had any more.
    """
    lost = [place for place in urls if not _stand_ins.get(place, Path(place)).exists()]
    _stand_ins.update(zip(lost, _places(lost), strict=True))
    for place in lost:
        _stand_ins[place].touch()
    here = {place: _stand_ins.get(place, Path(place)) for place in urls}
    for place, url in urls.items():
        if str(here[place]) not in _ranged:
            with telling(url, _EXPECTED):
                system, name = store_at(url)
                _ranged[str(here[place])] = RangedFile(system, name, current_info(system, name))
            call_by_url(str(here[place]), url)
    return here


def _bring(system: AbstractFileSystem, name: str, place: Path, url: str) -> None:
    """Have a file read by ranges, if it can be, or else copied."""
    source = _by_ranges(system, name, url)
    if source is None:
        system.get_file(name, place)
    else:
        place.touch()
        _ranged[str(place)] = source
    call_by_url(str(place), url)


def _by_ranges(system: AbstractFileSystem, name: str, url: str) -> RangedFile | None:
    """A file of a store that gives ranges, which is no trace that is being written; None where it isn't so."""
    from fsspec.asyn import AsyncFileSystem
    from fsspec.implementations.memory import MemoryFileSystem

    if not isinstance(system, (AsyncFileSystem, MemoryFileSystem)):
        return None
    info = current_info(system, name)
    if info.get("size") is None or info.get("partial") is False:
        return None
    known = _known.pop(url, None)
    source = known if known is not None and known.is_still(info) else RangedFile(system, name, info)
    try:
        superblock = Superblock.parse(source.read(0, SUPERBLOCK_BYTES))
    except OSError:
        return None
    if superblock is not None and superblock.flags:
        return None
    _known[url] = source
    while len(_known) > _MOST_KNOWN:
        del _known[next(iter(_known))]
    return source


def _places(names: list[str]) -> list[Path]:
    """Where copies go: of files that lie in one folder into one folder, under their names.

    Their folders' own names are not used: those in an archive may lead out of it.
    """
    folders = list(dict.fromkeys(PurePosixPath(name).parent for name in names))
    here = {folder: folder_for_copies() for folder in folders}
    return [here[PurePosixPath(name).parent] / PurePosixPath(name).name for name in names]


def _url(pattern: str, found: str) -> str:
    """What one of those is called that match a pattern: what stands around an archive is part of it."""
    _, chained, around = pattern.partition("::")
    return found + chained + around
