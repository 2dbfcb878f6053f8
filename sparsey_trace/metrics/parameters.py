"""Checks of metrics' parameters, with messages that say what would be right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sparsey_trace.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence


def check_choice(metric: Any, parameter: str, choices: Sequence[str]) -> None:
    """One of some words.

    Raises:
        UsageError: none of them.
    """
    found = getattr(metric, parameter)
    if found not in choices:
        msg = f"{metric.name}: {parameter}: expected one of {', '.join(choices)}, found {found!r}"
        raise UsageError(msg)


def check_size(metric: Any, parameter: str) -> None:
    """A whole number of at least 1, or None.

    Raises:
        UsageError: anything else.
    """
    found = getattr(metric, parameter)
    if found is not None and (isinstance(found, bool) or not isinstance(found, int) or found < 1):
        msg = f"{metric.name}: {parameter}: expected a whole number of at least 1, or none, found {found!r}"
        raise UsageError(msg)
