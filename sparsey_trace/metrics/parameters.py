"""Metrics' parameters: read from text, and checked, with messages that say what would be right."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin

from sparsey_trace.errors import UsageError
from sparsey_trace.support.suggest import unknown

if TYPE_CHECKING:
    from collections.abc import Sequence


def options_of(hint: Any) -> tuple[Any, ...]:
    """The types that a parameter's type is a choice of.

    >>> options_of(int | None), options_of(str)
    ((<class 'int'>, <class 'NoneType'>), (<class 'str'>,))
    """
    return get_args(hint) if get_origin(hint) in (types.UnionType, Union) else (hint,)


def can_be_read(hint: Any) -> bool:
    """Whether values of a type can be written on the command line."""
    return all(
        option in (bool, int, float, str, type(None)) or get_origin(option) is Literal
        for option in options_of(hint)
    )


def read_parameter(text: str, hint: Any, what: str) -> Any:
    """The value that a text stands for.

    Args:
        text: as on the command line; "none" is None.
        hint: the parameter's type.
        what: how the parameter is called in messages.

    Raises:
        UsageError: it stands for none of that type.

    >>> read_parameter("none", int | None, "size"), read_parameter("TRUE", bool, "sparse")
    (None, True)
    """
    options = options_of(hint)
    if type(None) in options and text.lower() == "none":
        return None
    words = {str(word): word for option in options for word in get_args(option)}
    if bool in options:
        words |= {"true": True, "false": False}
    if (word := text if text in words else text.lower()) in words:
        return words[word]
    for kind in (int, float, str):
        if kind in options:
            try:
                return kind(text)
            except ValueError:
                continue
    if {int, float}.intersection(options):
        msg = f"{what}: expected a number, found {text!r}"
    elif bool in options:
        msg = f"{what}: expected true or false, found {text!r}"
    else:
        msg = unknown(what, text, words)
    raise UsageError(msg)


def check_choice(metric: Any, parameter: str, choices: Sequence[str]) -> None:
    """One of some words.

    Raises:
        UsageError: none of them.
    """
    found = getattr(metric, parameter)
    if found not in choices:
        raise UsageError(unknown(f"{metric.name}: {parameter}", found, choices))


def check_sample_size(metric: Any, parameter: str) -> None:
    """A whole number of at least 1, or None.

    Raises:
        UsageError: anything else.
    """
    found = getattr(metric, parameter)
    if found is not None and (isinstance(found, bool) or not isinstance(found, int) or found < 1):
        msg = f"{metric.name}: {parameter}: expected a whole number of at least 1, or none, found {found!r}"
        raise UsageError(msg)
