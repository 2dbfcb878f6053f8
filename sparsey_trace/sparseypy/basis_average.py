"""What each MAC has come to stand for, so far."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
import torch

from sparsey_trace.metrics.basis_average import BasisAverage
from sparsey_trace.metrics.wiring.receptive_fields import receptive_fields
from sparsey_trace.sparseypy.online import Generation, OnlineMetric
from sparsey_trace.sparseypy.wiring import wired

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from sparsey_trace.chunk import Chunk
    from sparsey_trace.layout import Layout
    from sparsey_trace.sparseypy import spring
    from sparsey_trace.sparseypy.past import Past

    OfMACs = list[list[Tensor]]
    """A list for each layer, with a tensor for each MAC."""


class _Pictures(NamedTuple):
    """What MACs stand for.

    Attributes:
        averages: [D] float32 for each MAC, 0 outside its field.
        fields: [D] bool for each MAC.
    """

    averages: OfMACs
    fields: OfMACs


def _dense(pictures: _Pictures) -> OfMACs:
    """For each MAC all D features, 0 outside its field."""
    return pictures.averages


def _highest_layer(pictures: _Pictures) -> list[Tensor]:
    """The same for each MAC of the highest layer."""
    return pictures.averages[-1]


def _sparse(pictures: _Pictures) -> OfMACs:
    """For each MAC what is inside its field, in the order of the features."""
    return [
        [average[field] for average, field in zip(*layer, strict=True)]
        for layer in zip(*pictures, strict=True)
    ]


class BasisAverageMetric(OnlineMetric):
    """The mean training input of each MAC while it was active, inside its projected receptive field.

    Over all training steps so far. Spring: for each MAC a flat tensor, in evaluation too. Final: [B, M, D], the same
    for every sample; in evaluation [B, M, 1] zeros.

    Attributes:
        expected_input_shape: of an input sample; None before the first step.
        projected_rfs: as `get_projected_receptive_fields` returns them; None before the first step.
    """

    metric_name: ClassVar[str] = "basis_average"
    _spring_reductions: ClassVar[spring.Reductions] = {
        None: _dense,
        "highest_layer": _highest_layer,
        "sparse": _sparse,
    }
    _spring_other = staticmethod(_sparse)

    expected_input_shape: tuple[int, ...] | None = None
    projected_rfs: OfMACs | None = None
    _layout: Layout | None = None

    @property
    def summed_inputs(self) -> list[Any]:
        """What the training inputs of each MAC while it was active add up to, inside its field; float32.

        Spring: a list for each layer, with a tensor [D] for each MAC. Final: a tensor [M, D] for each layer.
        """
        sums = torch.from_numpy(self._so_far()[1].astype(np.float32)).to(self.device)
        return [
            list(layer) if self.generation is Generation.SPRING else layer for layer in self._by_layer(sums)
        ]

    @property
    def num_inputs_seen(self) -> list[Any]:
        """How many training inputs that were.

        Spring: a list for each layer, with an int for each MAC. Final: a tensor [M] for each layer.
        """
        counts = torch.from_numpy(self._so_far()[0]).to(self.device)
        return [
            layer.tolist() if self.generation is Generation.SPRING else layer
            for layer in self._by_layer(counts)
        ]

    def get_projected_receptive_fields(
        self, layers: Sequence[Any], input_shape: int | Sequence[int]
    ) -> OfMACs:
        """Which features of an input can reach each MAC at all.

        Args:
            layers: as `LayerIOHook.get_layer_io` gives them.
            input_shape: of an input sample, or how many features it has.

        Returns:
            A list for each layer, with a bool tensor of `input_shape` for each MAC.

        Raises:
            LayoutError: the layers don't fit each other or the input.
        """
        shape = (input_shape,) if isinstance(input_shape, int) else tuple(input_shape)
        return self._fields(wired(layers, shape, math.prod(shape)), shape)

    def initialize_shapes(self, layers: Sequence[Any], last_batch: Tensor) -> None:
        """Begin anew: set the shapes and the receptive fields, and forget what was summed.

        Args:
            layers: as `LayerIOHook.get_layer_io` gives them.
            last_batch: [B, …], an input of the model.

        Raises:
            LayoutError: the layers don't fit each other or the input.
        """
        shape = tuple(last_batch.shape[1:])
        self._layout = wired(layers, shape, math.prod(shape))
        self.expected_input_shape, self.projected_rfs = shape, self._fields(self._layout, shape)
        self._past = None

    def _take(self, last_batch: Tensor, *, training: bool) -> Chunk:
        chunk = super()._take(last_batch, training=training)
        if self.projected_rfs is None:
            self.expected_input_shape = tuple(last_batch.shape[1:])
            self.projected_rfs = self._fields(chunk.layout, self.expected_input_shape)
        return chunk

    def _measure(self, chunk: Chunk, past: Past[Any]) -> None:
        self._layout = chunk.layout

    def _spring_values(self) -> _Pictures:
        assert self.projected_rfs is not None
        averages = [list(layer) for layer in self._by_layer(self._averages())]
        return _Pictures(averages, [[field.flatten() for field in layer] for layer in self.projected_rfs])

    def _final_values(self, chunk: Chunk) -> list[Tensor]:
        if not chunk.is_train[0]:
            return [torch.zeros(len(chunk), layer.num_macs, 1) for layer in chunk.layout.layers]
        return [layer.repeat(len(chunk), 1, 1) for layer in self._by_layer(self._averages())]

    def _averages(self) -> Tensor:
        """[all MACs, D] float32."""
        assert self._past is not None
        parts = self._past.result()["average"].chunks
        by_mac = np.concatenate([part.flatten().to_numpy().reshape(len(part), -1) for part in parts])
        return torch.from_numpy(by_mac).to(self.device)

    def _so_far(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """[all MACs] and [all MACs, D], counts and sums; of no MACs before the first step."""
        if self._layout is None:
            return np.empty(0, np.int64), np.empty((0, 0))
        assert isinstance(self.definition, BasisAverage)
        state = self.definition.init(self._layout) if self._past is None else self._past.state()
        return self.definition.sums(state, self._layout)

    def _by_layer(self, by_mac: Tensor) -> Sequence[Tensor]:
        """One tensor for all MACs as one for each layer."""
        layers = () if self._layout is None else self._layout.layers
        return torch.split(by_mac, [layer.num_macs for layer in layers])

    def _fields(self, layout: Layout, shape: tuple[int, ...]) -> OfMACs:
        return [
            [torch.from_numpy(mask.reshape(shape)).to(self.device) for mask in field.masks()]
            for field in receptive_fields(layout)
        ]
