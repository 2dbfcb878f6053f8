"""The name that was meant, where another one was given."""

from __future__ import annotations

import difflib
from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

TRACES = (".h5", ".hdf5")
"""What the names of traces mostly end in."""
_ENOUGH = 10_000
"""So many files of a folder are looked at."""


def hint(found: Any, known: Iterable[Any]) -> str:
    """What to add to a message: the known name that is nearest, if one is near.

    >>> hint("basis_set_sise", ["basis_set_size", "match_accuracy"])
    ' (did you mean basis_set_size?)'
    >>> hint("entropy", ["basis_set_size", "match_accuracy"])
    ''
    """
    near = difflib.get_close_matches(str(found), map(str, known), 1)
    return f" (did you mean {near[0]}?)" if near else ""


def hint_of_file(path: Path) -> str:
    """The same, of traces in the folder of a path where no file is; endings don't count."""
    try:
        files = (file for file in islice(path.parent.iterdir(), _ENOUGH) if file.suffix in TRACES)
        there = {file.stem: file for file in files if file.is_file()}
    except OSError:
        return ""
    stem = path.stem if path.suffix in TRACES else path.name
    near = difflib.get_close_matches(stem, sorted(there), 1)
    return f" (did you mean {there[near[0]]}?)" if near else ""


def unknown(what: str, found: Any, known: Iterable[Any]) -> str:
    """A message: none of these was given.

    >>> unknown("engine", "thread", ["serial", "threads"])
    "engine: expected one of serial, threads, found 'thread' (did you mean threads?)"
    """
    names = [str(name) for name in known]
    return f"{what}: expected one of {', '.join(names) or 'none'}, found {found!r}{hint(found, names)}"
