"""What other packages add: metrics, and families of models, by their entry points.

A package offers a metric's class in the group `sparsey_trace.metrics`, and an adapter (a class or an instance; see
`sparsey_trace.recording.adapters.Family`) in `sparsey_trace.adapters`. Nothing of it is imported before the
metrics are listed, or one is asked for that isn't built in, or a model is recorded. What is broken is named in a
warning and left out.
"""

from __future__ import annotations

import contextlib
import sys
import warnings
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from sparsey_trace.errors import PluginWarning

if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.metadata import EntryPoint, EntryPoints

METRICS = "sparsey_trace.metrics"
ADAPTERS = "sparsey_trace.adapters"


@dataclass(frozen=True)
class Plugin:
    """One thing that a package offers.

    Attributes:
        point: the entry point.
        found: what it names.
    """

    point: EntryPoint
    found: Any


@cache
def plugins(group: str) -> tuple[Plugin, ...]:
    """What is installed in a group, in the order of names; what can't be imported is named in a warning.

    Args:
        group: `METRICS` or `ADAPTERS`.
    """
    points = sorted(_offered(group), key=lambda point: (point.name, point.value))
    loaded = (_load(point) for point in points)
    return tuple(plugin for plugin in loaded if plugin is not None)


def sound(group: str, check: Callable[[Any], str]) -> list[Plugin]:
    """Those of a group with which nothing is wrong.

    Args:
        group: `METRICS` or `ADAPTERS`.
        check: says what is wrong with what an entry point names; empty where nothing is. What it raises is
            wrong, too: looking at another's code may run it.
    """
    kept = []
    for plugin in plugins(group):
        try:
            fault = check(plugin.found)
        except Exception as error:  # noqa: BLE001 - another's code may raise anything, and must not stop ours
            fault = f"{plugin.point.value}: {type(error).__name__}: {error}"
        if fault:
            _warn(plugin.point, fault)
        else:
            kept.append(plugin)
    return kept


def package_of(found: Any, group: str) -> str | None:
    """Which package offers something, or its class, such as "class-agreement 1.2"; None where none does."""
    for point in _offered(group):
        # What a module that isn't imported offers can't be it.
        if point.value.partition(":")[0] in sys.modules:
            with contextlib.suppress(AttributeError):
                offered = point.load()
                if offered is found or offered is type(found):
                    return _package(point)
    return None


def _offered(group: str) -> EntryPoints:
    # Who asks for nothing of others is spared what looks for it.
    from importlib.metadata import entry_points

    return entry_points(group=group)


def _load(point: EntryPoint) -> Plugin | None:
    try:
        return Plugin(point, point.load())
    except (Exception, SystemExit) as error:  # noqa: BLE001 - as above; a script without a guard exits
        _warn(point, f"{point.value} can't be imported: {type(error).__name__}: {error}")
        return None


def _package(point: EntryPoint) -> str:
    return "an unknown package" if point.dist is None else f"{point.dist.name} {point.dist.version}"


def _warn(point: EntryPoint, fault: str) -> None:
    text = " ".join(fault.split())
    msg = (
        f"{_package(point)}: entry point {point.name!r} of {point.group} is left out: {text}; upgrade the package, or "
        "uninstall it"
    )
    warnings.warn(msg, PluginWarning, stacklevel=2)
