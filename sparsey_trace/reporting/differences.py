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
    >>> configuration(["a", "b"], [{"lr": "1"}, {}])
    ['No configuration was recorded in b.']
    """
    bare = [name for name, config in zip(names, configs, strict=True) if not config]
    if len(bare) == len(names):
        return ["No configuration was recorded."]
    told = [name for name in names if name not in bare]
    kept = [config for config in configs if config]
    found = _differing(told, kept) if len(kept) > 1 else []
    more = [f"and {len(found) - _MOST} more, at the end of the page"] if len(found) > _MOST else []
    nothing = ["Nothing."] if not found and not bare else []
    return [*nothing, *found[:_MOST], *more, *(f"No configuration was recorded in {name}." for name in bare)]


def _differing(names: Sequence[str], configs: Sequence[dict[str, str]]) -> list[str]:
    keys = dict.fromkeys(key for config in configs for key in config)
    found = [key for key in keys if len({config.get(key) for config in configs}) > 1]
    return [f"{key}: {_values(key, names, configs)}" for key in found]


def _values(key: str, names: Sequence[str], configs: Sequence[dict[str, str]]) -> str:
    values = (config.get(key, "nothing") for config in configs)
    return ", ".join(f"{value} in {name}" for value, name in zip(values, names, strict=True))
