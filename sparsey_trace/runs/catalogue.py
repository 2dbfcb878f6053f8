"""The catalogue of many runs, brought up to date: only what has changed is opened."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from sparsey_trace.errors import TraceError
from sparsey_trace.runs.entry import SeenFile
from sparsey_trace.runs.grouping import grouped
from sparsey_trace.runs.looking import broken, file_now, is_foreign, read_file, read_run, state_of
from sparsey_trace.support.user_path import as_named
from sparsey_trace.trace.paths import default_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from sparsey_trace.runs.entry import Entry


def catalogued(
    files: Mapping[Path, bool], root: Path, known: Sequence[Entry], on_done: Callable[[int, int], None]
) -> list[Entry]:
    """The runs that files make, in the order of their names.

    Args:
        files: each file to whether it was named; see `files_of`.
        root: the folder that they have in common, from which they get their names.
        known: what was known before: runs whose files are as they were, by size and time, aren't opened.
        on_done: called with how many files were looked at, and of how many.
    """
    earlier = {file.path: file for entry in known if entry.is_readable for file in entry.files}
    fresh = {
        frozenset(entry.files): entry
        for entry in known
        if entry.is_readable and all(file.modified for file in entry.files)
    }
    found: list[SeenFile] = []
    faults: list[Entry] = []
    for number, (path, is_named) in enumerate(files.items(), start=1):
        try:
            file, entry = _looked_at(path, earlier.get(as_named(path)))
            found.append(file)
            if entry is not None:
                fresh[frozenset([file])] = entry
        except (TraceError, OSError) as error:
            if is_named or not is_foreign(path):
                faults.append(broken([_as_far_as_known(path)], name="", fault=_fault(path, error)))
        on_done(number, len(files))
    entries = [_of_group(group, fresh) for group in grouped(found)]
    return _named(_each_once(entries) + faults, root)


def _fault(path: Path, error: TraceError | OSError) -> str:
    if isinstance(error, TraceError):
        return str(error)
    if isinstance(error, FileNotFoundError) and path.is_symlink():
        return (
            f"{path}: expected a run, found a link to {path.readlink()}, which isn't there; remove the link"
        )
    return f"{as_named(path)}: expected a run that can be read, found: {error.strerror}"


def _looked_at(path: Path, earlier: SeenFile | None) -> tuple[SeenFile, Entry | None]:
    now = file_now(path)
    if earlier is not None and now.modified and (now.size, now.modified) == (earlier.size, earlier.modified):
        return earlier, None
    return read_file(path)


def _as_far_as_known(path: Path) -> SeenFile:
    try:
        return file_now(path)
    except (OSError, TraceError):
        return SeenFile(path=as_named(path), size=0, modified=0)


def _of_group(group: list[SeenFile], fresh: Mapping[frozenset[SeenFile], Entry]) -> Entry:
    """The run of these files; as it is known, where that is of the files as they are now."""
    entry = fresh.get(frozenset(group))
    if entry is None:
        return read_run(group, name="")
    return replace(entry, state=state_of(entry.paths, closed=entry.state == "closed"))


def _each_once(entries: list[Entry]) -> list[Entry]:
    """Of copies of one run one that is whole; of these that which is closed, or longest, or first. Others are told."""
    copies: dict[str, list[int]] = {}
    for place, entry in enumerate(entries):
        if entry.run:
            copies.setdefault(entry.run, []).append(place)
    found = list(entries)
    for places in copies.values():
        if len(places) > 1:
            # Equal ones stay in the order of their names.
            of_run = sorted(places, key=lambda place: _rank(entries[place]), reverse=True)
            found_of_run = _chosen([entries[place] for place in of_run])
            for place, entry in zip(of_run, found_of_run, strict=True):
                found[place] = entry
    return found


def _chosen(copies: list[Entry]) -> list[Entry]:
    """Copies of a run, the best first: the first that is whole, or else the first, as it is, the others as broken."""
    damages: list[str] = []
    for entry in copies:
        damages.append(_damage(entry))
        if not damages[-1]:
            break
    is_any_whole = not damages[-1]
    best = len(damages) - 1 if is_any_whole else 0
    # So that it isn't read again as long as it stays as it is.
    files = tuple(replace(file, is_whole=is_any_whole) for file in copies[best].files)
    damages += [""] * (len(copies) - len(damages))
    told = [
        broken(list(entry.files), name="", fault=_copied(entry, copies[best], damage))
        for entry, damage in zip(copies, damages, strict=True)
    ]
    return [*told[:best], replace(copies[best], files=files), *told[best + 1 :]]


def _damage(entry: Entry) -> str:
    """What is wrong with a run's files, all of which are read, unless they were before; empty where nothing is."""
    # Who has no copies needs none of it.
    from sparsey_trace.trace.rescue.validate import validate

    if all(file.is_whole for file in entry.files):
        return ""
    try:
        validate(entry.source)
    except (TraceError, OSError) as error:
        return str(error)
    return ""


def _copied(entry: Entry, best: Entry, damage: str) -> str:
    remedy = f"remove it, as it is damaged: {damage}" if damage else "leave out one"
    return (
        f"{entry.files[0].path}: expected each run once, found the same trace as in {best.files[0].path}, which is "
        "used; "
        f"{remedy}"
    )


def _rank(entry: Entry) -> tuple[bool, int, bool]:
    return entry.state == "closed", entry.samples, all(file.is_whole for file in entry.files)


def _named(entries: list[Entry], root: Path) -> list[Entry]:
    """Entries by the names that they get: no two have the same."""
    short = [_relative(default_name(entry.paths), root) for entry in entries]
    taken = Counter(short)
    names = [
        name if taken[name] == 1 else _relative(entry.paths[0], root)
        for name, entry in zip(short, entries, strict=True)
    ]
    found = [replace(entry, name=name) for name, entry in zip(names, entries, strict=True)]
    return sorted(found, key=lambda entry: entry.name)


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()
