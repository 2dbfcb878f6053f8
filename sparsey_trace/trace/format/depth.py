"""How deep a configuration may be nested: what is written can be read and shown, by every command alike."""

from __future__ import annotations

import json
from typing import Any

MOST_LEVELS = 100
"""Python's own limit lies near a thousand, and is another one for each way to read or write JSON."""

TOO_DEEP = f"more than {MOST_LEVELS} levels, one inside the other"


def read_json(text: str) -> Any:
    """What a JSON text says.

    Raises:
        ValueError: it is none, or is nested too deep.

    >>> read_json('{"rate": 0.5}')
    {'rate': 0.5}
    """
    try:
        found = json.loads(text)
    except RecursionError:
        raise ValueError(TOO_DEEP) from None
    check_depth(found)
    return found


def check_depth(value: Any) -> None:
    """See that what JSON has said isn't nested too deep.

    Args:
        value: of dicts, lists and what holds nothing.

    Raises:
        ValueError: it is.

    >>> check_depth({"layers": [{"macs": 3}]})
    """
    level, depth = [value], 0
    while level := [inner for held in level for inner in _inside(held)]:
        depth += 1
        if depth > MOST_LEVELS:
            raise ValueError(TOO_DEEP)


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
