"""The layout of a model, from what its layers are made of."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.layout import Layout
from sparsey_trace.recording.adapters.base import Shaped, Sized

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sparsey_trace.layout import LayerLayout
    from sparsey_trace.recording.adapters.base import ModelLayer


def make_layout(layers: Sequence[ModelLayer], input_shape: tuple[int, ...]) -> Layout:
    """The layout of a model that is fed samples of this shape.

    Raises:
        LayoutError: the layers don't fit each other or the input.
    """
    num_features = num_sources = int(np.prod(input_shape, dtype=np.int64))
    made: list[LayerLayout] = []
    for layer in layers:
        made.append(layer.adapter.layout(layer.module, name=layer.name, num_sources=num_sources))
        num_sources = made[-1].num_macs
    return Layout(num_features=num_features, input_shape=input_shape, layers=tuple(made))


def shape_of_sample(lowest: ModelLayer, fed: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of a sample in a trace, of a model that is fed samples of a shape."""
    return lowest.adapter.input_shape(lowest.module, fed) if isinstance(lowest.adapter, Shaped) else fed


def with_sizes(layout: Layout, index: int, layer: ModelLayer, output: Any) -> Layout:
    """The layout, with what the layer's output shows of its sizes where its adapter is `Sized`."""
    if not isinstance(layer.adapter, Sized):
        return layout
    layers = list(layout.layers)
    layers[index] = layer.adapter.sized(layers[index], output)
    return replace(layout, layers=tuple(layers))
