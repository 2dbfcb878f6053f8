"""What other packages add: metrics, and families of models, by their entry points.

A package offers a metric's class in the group `sparsey_trace.metrics`, and an adapter (a class or an instance; see
`sparsey_trace.recording.adapters.Family`) in `sparsey_trace.adapters`. Nothing of it is imported before all metrics are
asked for, or one that isn't built in, or a model is recorded. What is broken is named in a warning and left out.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any

from sparsey_trace.errors import PluginWarning

if TYPE_CHECKING:
    from collections.abc import Callable

METRICS = "sparsey_trace.metrics"
ADAPTERS = "sparsey_trace.adapters"


@dataclass(frozen=True)
class Plugin:
    """One thing that a package offers.

    Attributes:
        package: the package and its version, such as "sparsey-agreement 1.0".
        found: what the entry point names.
    """

    package: str
    found: Any


@cache
def plugins(group: str) -> tuple[Plugin, ...]:
    """What is installed in a group, in the order of names; what can't be imported is named in a warning.

    Args:
        group: `METRICS` or `ADAPTERS`.
    """
    points = sorted(entry_points(group=group), key=lambda point: (point.name, point.value))
    loaded = (_load(point) for point in points)
    return tuple(plugin for plugin in loaded if plugin is not None)


def sound(group: str, check: Callable[[Any], str]) -> list[Plugin]:
    """Those of a group with which nothing is wrong.

    Args:
        group: `METRICS` or `ADAPTERS`.
        check: says what is wrong with what an entry point names; empty where nothing is.
    """
    kept = []
    for plugin in plugins(group):
        if fault := check(plugin.found):
            _warn(plugin.package, group, fault)
        else:
            kept.append(plugin)
    return kept


def package_of(found: Any, group: str) -> str | None:
    """Which package offers something; None where none does."""
    return next((plugin.package for plugin in plugins(group) if plugin.found is found), None)


def _load(point: EntryPoint) -> Plugin | None:
    package = "an unknown package" if point.dist is None else f"{point.dist.name} {point.dist.version}"
    try:
        return Plugin(package, point.load())
    except Exception as error:  # noqa: BLE001 - another's code may raise anything, and must not stop ours
        _warn(package, point.group, f"{point.value} can't be imported: {type(error).__name__}: {error}")
        return None


def _warn(package: str, group: str, fault: str) -> None:
    text = " ".join(fault.split())
    msg = f"{package} offers something in {group} that is left out: {text}; upgrade it, or uninstall it"
    warnings.warn(msg, PluginWarning, stacklevel=2)
