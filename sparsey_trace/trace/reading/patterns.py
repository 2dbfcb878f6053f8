"""Patterns such as "run.*.h5", told from names that hold the same characters."""

from __future__ import annotations

import glob
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def is_pattern(name: str, exists: Callable[[str], bool]) -> bool:
    """Whether a name stands for others: not where it is there itself.

    Args:
        name: the name.
        exists: says whether there is something of a name.

    >>> is_pattern("run.*.h5", lambda name: False), is_pattern("run[1].h5", lambda name: name == "run[1].h5")
    (True, False)
    """
    return glob.has_magic(name) and not exists(name)


def only_below(pattern: str, exists: Callable[[str], bool]) -> str:
    """A pattern of which the folders that are there stand for themselves alone.

    Args:
        pattern: what stands for names.
        exists: says whether there is something of a name.

    >>> only_below("exp[3]/run.*.h5", lambda name: name == "exp[3]")
    'exp[[]3]/run.*.h5'
    >>> only_below("exp[3]/run.*.h5", lambda name: False)
    'exp[3]/run.*.h5'
    """
    for folder in map(str, PurePosixPath(pattern).parents):
        if glob.has_magic(folder) and exists(folder):
            return glob.escape(folder) + pattern.removeprefix(folder)
    return pattern
