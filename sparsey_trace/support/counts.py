"""Settings that count something."""

from __future__ import annotations

import operator
from typing import Any

from sparsey_trace.errors import UsageError


def checked_count(given: Any, what: str) -> int:
    """A setting that counts something.

    Args:
        given: as the user gave it.
        what: its name, for the message.

    Raises:
        UsageError: it is no whole number of 1 or more.

    >>> checked_count(3, "every")
    3
    """
    try:
        count = operator.index(given)
    except TypeError:
        count = 0
    if count < 1:
        msg = f"{what}: expected a whole number of 1 or more, found {given!r}"
        raise UsageError(msg)
    return count
