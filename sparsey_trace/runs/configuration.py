"""Configurations of many runs side by side: flat, and what differs between them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


def flat(config: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration with dots for levels; lists, and what is empty, stay as they are.

    A key that holds a dot or a quotation mark itself stands in quotation marks.

    >>> flat({"lr": 1, "model": {"macs": [3, 2], "a.b": {"c": None}}, "more": {}})
    {'lr': 1, 'model.macs': [3, 2], 'model."a.b".c': None, 'more': {}}
    """
    found: dict[str, Any] = {}
    for key, value in config.items():
        name = json.dumps(key) if "." in key or '"' in key else key
        if isinstance(value, dict) and value:
            found |= {f"{name}.{below}": one for below, one in flat(value).items()}
        else:
            found[name] = value
    return found


def differing(configs: Iterable[Mapping[str, Any]]) -> list[str]:
    """The flat keys in which configurations differ, in the order in which they come up; a missing one differs too.

    >>> differing([{"lr": 1, "seed": 1, "q": 5}, {"lr": 1, "seed": 2}])
    ['seed', 'q']
    """
    flats = [flat(config) for config in configs]
    keys = dict.fromkeys(key for one in flats for key in one)
    return [key for key in keys if len({_comparable(one, key) for one in flats}) > 1]


def _comparable(config: Mapping[str, Any], key: str) -> str:
    if key not in config:
        return "missing"
    value = config[key]
    # 1 and 1.0 are one number, though JSON writes them apart.
    return json.dumps(
        int(value) if isinstance(value, float) and value.is_integer() else value, sort_keys=True
    )


def as_text(value: Any) -> str:
    """A value of a configuration as it is shown; text without quotation marks.

    >>> as_text("relu"), as_text([1, 2]), as_text(True), as_text(0.1)
    ('relu', '[1, 2]', 'true', '0.1')
    """
    return value if isinstance(value, str) else json.dumps(value)


def config_columns(configs: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """By flat key a value for each configuration, all of one type: numbers, truth values or texts; None where missing.

    Values of several types, and lists, are JSON in a text.

    >>> config_columns([{"lr": 1, "x": True}, {"lr": 0.5, "x": "no", "n": [1]}])
    {'lr': [1.0, 0.5], 'x': ['true', '"no"'], 'n': [None, '[1]']}
    """
    flats = [flat(config) for config in configs]
    keys = dict.fromkeys(key for one in flats for key in one)
    return {key: _of_one_type([one.get(key) for one in flats]) for key in keys}


def _of_one_type(values: list[Any]) -> list[Any]:
    kinds = {type(value) for value in values if value is not None}
    is_small = all(abs(value) < 1 << 63 for value in values if type(value) is int)
    if kinds <= {int} and is_small:
        return values
    if kinds <= {int, float} and is_small:
        return [None if value is None else float(value) for value in values]
    if len(kinds) == 1 and kinds <= {bool, str}:
        return values
    return [None if value is None else json.dumps(value) for value in values]
