"""Layers as `LayerIOHook.get_layer_io` gives them, in either version of the original."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sparsey_trace.layout import LayerLayout, Layout
from sparsey_trace.recording.adapters.sparsey import SparseyLayers

if TYPE_CHECKING:
    from collections.abc import Sequence


def num_macs(layer: Any) -> int:
    """How many MACs a layer has."""
    return len(layer) if isinstance(layer, list) else len(layer.input_connections)


def wired(layers: Sequence[Any], input_shape: tuple[int, ...], num_features: int) -> Layout:
    """The layout of layers of which only the wiring counts.

    Args:
        layers: lowest first: a list of MACs with `input_filter`, or a module with `input_connections`.
        input_shape: of an input sample.
        num_features: D.

    Raises:
        LayoutError: the layers don't fit each other or the input.
    """
    layouts: list[LayerLayout] = []
    for index, layer in enumerate(layers):
        num_sources = layouts[-1].num_macs if layouts else num_features
        layouts.append(_layer_layout(layer, name=f"layer{index}", num_sources=num_sources))
    return Layout(num_features=num_features, input_shape=input_shape, layers=tuple(layouts))


def _layer_layout(layer: Any, *, name: str, num_sources: int) -> LayerLayout:
    if not isinstance(layer, list):
        return SparseyLayers().layout(layer, name=name, num_sources=num_sources)
    connections = [mac.input_filter.tolist() for mac in layer]
    return LayerLayout(name=name, num_macs=len(layer), num_cms=1, num_neurons=1, connections=connections)
