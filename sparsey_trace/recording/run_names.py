"""The names of a run's files: one for each rank, and another after each resume."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def ranked(path: Path, rank: int, other: int) -> Path:
    """What another rank calls the path that this one was given.

    >>> from pathlib import Path
    >>> ranked(Path("run.h5"), 0, 1).name, ranked(Path("run.rank0.h5"), 0, 1).name
    ('run.rank1.h5', 'run.rank1.h5')
    """
    return path.with_name(f"{path.stem.removesuffix(f'.rank{rank}')}.rank{other}{path.suffix}")


def numbered(first: Path, number: int) -> Path:
    """A rank's file, from its first.

    >>> from pathlib import Path
    >>> numbered(Path("run.h5"), 0).name, numbered(Path("run.h5"), 2).name
    ('run.h5', 'run.2.h5')
    """
    return first.with_name(f"{first.stem}.{number}{first.suffix}") if number else first


def is_numbered(first: Path, name: str) -> bool:
    """Whether a name is that of a later file than a rank's first."""
    return _later(first).fullmatch(name) is not None


def numbers(first: Path) -> list[int]:
    """The numbers of a rank's files that are there, rising; the first is 0."""
    there = names_beside(first)
    return sorted(
        [0] * (first.name in there)
        + [int(found[1]) for found in map(_later(first).fullmatch, there) if found]
    )


def ranks_there(path: Path, rank: int) -> list[int]:
    """The ranks, rising, that have files of the name that one of them was given."""
    stem = ranked(path, rank, rank).stem.removesuffix(f".rank{rank}")
    pattern = re.compile(rf"{re.escape(stem)}\.rank(0|[1-9]\d*)(\.[1-9]\d*)?{re.escape(path.suffix)}")
    return sorted({int(found[1]) for found in map(pattern.fullmatch, names_beside(path)) if found})


def names_beside(path: Path) -> list[str]:
    """What stands in a file's folder."""
    return [other.name for other in path.parent.iterdir()] if path.parent.is_dir() else []


def _later(first: Path) -> re.Pattern[str]:
    return re.compile(rf"{re.escape(first.stem)}\.([1-9]\d*){re.escape(first.suffix)}")
