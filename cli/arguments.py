"""The words of a command line, as the shell hands them over."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from sparsey_trace.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

_OPTION = re.compile(r"(--[a-z][a-z-]*=|-[a-z](?=~))?(.*)", re.DOTALL)
"""What stands before the value, and the value."""


def checked(arguments: Sequence[str]) -> list[str]:
    """The arguments, `~` read also where a shell doesn't: in quotes, and behind `--out=`.

    Raises:
        UsageError: one is empty: it would be read as the current folder.

    >>> checked(["info", "run.h5", "--json"])
    ['info', 'run.h5', '--json']
    """
    return [_checked(number, argument) for number, argument in enumerate(arguments, start=1)]


def _checked(number: int, argument: str) -> str:
    found = _OPTION.fullmatch(argument)
    option, value = (found[1] or "", found[2]) if found else ("", argument)
    if not value:
        where = option.removesuffix("=") or f"argument {number}"
        msg = f"{where}: expected a value, found an empty one; is a variable of the shell without value?"
        raise UsageError(msg)
    return option + os.path.expanduser(value)  # noqa: PTH111 - not every argument is a path
