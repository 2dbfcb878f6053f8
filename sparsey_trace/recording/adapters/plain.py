"""Layers whose output is read as it is, so that a pass like those before needs no look at anything but its shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sparsey_trace.recording.adapters.sparsey import SparseyLayers
from sparsey_trace.recording.adapters.winner_take_all import WinnerTakeAll

if TYPE_CHECKING:
    from collections.abc import Callable

    from sparsey_trace.recording.adapters.base import Adapter


def plain_activity(adapter: Adapter) -> Callable[[Any], Any] | None:
    """What gives a layer's flags of activity behind its forward pass, or None where it has none.

    It is there where `read` makes nothing of real numbers but `Codes(output, flags)`: of these classes, and of none
    that is made of them, which may read otherwise.
    """
    if type(adapter) is SparseyLayers:
        return _is_active
    if type(adapter) is WinnerTakeAll and adapter.output is None:
        return _no_flags
    return None


def _is_active(module: Any) -> Any:
    return getattr(module, "is_active", None)


def _no_flags(_: Any) -> None:
    return None
