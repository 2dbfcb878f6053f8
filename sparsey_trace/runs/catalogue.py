"""The catalogue of many runs, brought up to date: only what has changed is opened."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from sparsey_trace.errors import TraceError
from sparsey_trace.runs.entry import SeenFile
from sparsey_trace.runs.grouping import grouped
from sparsey_trace.runs.looking import broken, file_now, is_foreign, read_file, read_run, state_of
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
            file, entry = _looked_at(path, earlier.get(str(path)))
            found.append(file)
            if entry is not None:
                fresh[frozenset([file])] = entry
        except (TraceError, OSError) as error:
            if is_named or not is_foreign(path):
                faults.append(broken([_as_far_as_known(path)], name=str(path), fault=_fault(path, error)))
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
    return f"{path}: expected a run that can be read, found: {error.strerror}"


def _looked_at(path: Path, earlier: SeenFile | None) -> tuple[SeenFile, Entry | None]:
    now = file_now(path)
    if earlier is not None and now.modified and (now.size, now.modified) == (earlier.size, earlier.modified):
        return earlier, None
    return read_file(path)


def _as_far_as_known(path: Path) -> SeenFile:
    try:
        return file_now(path)
    except OSError:
        return SeenFile(path=str(path), size=0, modified=0)


def _of_group(group: list[SeenFile], fresh: Mapping[frozenset[SeenFile], Entry]) -> Entry:
    """The run of these files; as it is known, where that is of the files as they are now."""
    entry = fresh.get(frozenset(group))
    if entry is None:
        return read_run(group, name="")
    return replace(entry, state=state_of(entry.paths, closed=entry.state == "closed"))


def _each_once(entries: list[Entry]) -> list[Entry]:
    """Of copies of one run the one that is closed, or longest, or first; the others are told."""
    best: dict[str, Entry] = {}
    for entry in entries:
        if entry.run and _rank(entry) > _rank(best.get(entry.run, entry), is_first=True):
            best[entry.run] = entry
        elif entry.run:
            best.setdefault(entry.run, entry)
    return [
        entry
        if not entry.run or best[entry.run] is entry
        else broken(list(entry.files), name="", fault=_copied(entry, best[entry.run]))
        for entry in entries
    ]


def _copied(entry: Entry, best: Entry) -> str:
    return (
        f"{entry.paths[0]}: expected each run once, found the same trace as in {best.paths[0]}, which is used; "
        "leave out one"
    )


def _rank(entry: Entry, *, is_first: bool = False) -> tuple[bool, int, bool]:
    return entry.state == "closed", entry.samples, is_first


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
