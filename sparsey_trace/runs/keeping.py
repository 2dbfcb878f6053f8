"""Which runs a folder of results goes on to know: those that were named now, and others that it has tables of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sparsey_trace.errors import TraceError
from sparsey_trace.runs.looking import file_now
from sparsey_trace.runs.results_folder import tables_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sparsey_trace.runs.entry import Entry, SeenFile


def all_known(folder: Path, entries: Sequence[Entry], earlier: Sequence[Entry]) -> list[Entry]:
    """The entries of now, and of earlier ones those that are still there, or of which there are tables.

    A run that isn't there any more, but has tables, is `gone`: they are results like others. Names of earlier ones
    that entries of now, or later ones, have too are followed by the beginning of the run's id.

    Args:
        folder: of the results.
        entries: of the runs that were named now.
        earlier: what the folder knew.
    """
    named = {entry.run for entry in entries}
    others = [entry for entry in earlier if entry.run and entry.run not in named]
    if not others:
        return list(entries)
    kept = {run for runs in tables_in(folder).values() for run in runs}
    found = []
    for entry in others:
        if all(map(_is_there, entry.files)) and not _lives_on(entry, entries):
            found.append(entry)
        elif entry.run in kept:
            found.append(replace(entry, state="gone"))
    taken = {entry.name for entry in entries}
    for place, entry in enumerate(found):
        if entry.name in taken:
            found[place] = replace(entry, name=f"{entry.name} ({entry.run[:8]})")
        taken.add(found[place].name)
    return [*entries, *found]


def gone_of(entries: Sequence[Entry]) -> dict[str, str]:
    """By id the names of those that are gone."""
    return {entry.run: entry.name for entry in entries if entry.state == "gone"}


def superseded(entries: Sequence[Entry], earlier: Sequence[Entry]) -> list[Entry]:
    """The earlier runs that have grown by a file since, as by a resume: with it they are runs of other ids."""
    named = {entry.run for entry in entries}
    return [entry for entry in earlier if entry.run not in named and _lives_on(entry, entries)]


def _lives_on(entry: Entry, entries: Sequence[Entry]) -> bool:
    own = {file.path for file in entry.files}
    return any(own < {file.path for file in other.files} for other in entries)


def _is_there(file: SeenFile) -> bool:
    try:
        now = file_now(Path(file.path))
    except (OSError, TraceError):
        return False
    return (now.size, now.modified) == (file.size, file.modified)
