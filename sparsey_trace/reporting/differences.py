"""What differs between two runs: of their configurations."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ABOUT = "What differs in the configuration?"

_MOST = 12


def configuration(names: Sequence[str], configs: Sequence[dict[str, str]]) -> list[str]:
    """Each value that isn't the same in all runs, a line for each.

    >>> configuration(["a", "b"], [{"lr": "1", "k": "2"}, {"lr": "1", "k": "3"}])
    ['k: 2 in a, 3 in b']
    """
    keys = dict.fromkeys(key for config in configs for key in config)
    found = [key for key in keys if len({config.get(key) for config in configs}) > 1]
    if not found:
        return ["Nothing." if keys else "No configuration was recorded."]
    more = [f"and {len(found) - _MOST} more, at the end of the page"] if len(found) > _MOST else []
    return [*(f"{key}: {_values(key, names, configs)}" for key in found[:_MOST]), *more]


def _values(key: str, names: Sequence[str], configs: Sequence[dict[str, str]]) -> str:
    values = (config.get(key, "nothing") for config in configs)
    return ", ".join(f"{value} in {name}" for value, name in zip(values, names, strict=True))
