"""In what one model differs from another, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from sparsey_trace.layout import LayerLayout, Layout


def layout_difference(first: Layout, other: Layout) -> str:
    """What the other layout has instead, in words; empty where they are equal."""
    found = [
        change("num_features", first.num_features, other.num_features),
        change("input_shape", first.input_shape, other.input_shape),
        change("layers", [layer.name for layer in first.layers], [layer.name for layer in other.layers]),
    ]
    if not any(found):
        found = [_layer_difference(*pair) for pair in zip(first.layers, other.layers, strict=True)]
    return next(filter(None, found), "")


def _layer_difference(first: LayerLayout, other: LayerLayout) -> str:
    counts = ("num_macs", "num_cms", "num_neurons")
    found = [change(name, getattr(first, name), getattr(other, name)) for name in counts]
    if not any(found):
        places: list[Any] = [layer.positions for layer in (first, other)]
        part = "connections" if np.array_equal(*places) else "positions"
        found = [f"other {part}" if first != other else ""]
    text = next(filter(None, found), "")
    return text and f"{text} in layer {first.name}"


def change(name: str, first: object, other: object) -> str:
    """What the other one has instead, in words; empty where both have the same."""
    return "" if first == other else f"{name} {other} instead of {first}"
