"""What each MAC has come to stand for, so far."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch

from sparsey_trace.metrics.receptive_fields import receptive_fields
from sparsey_trace.sparseypy.metric import Metric
from sparsey_trace.sparseypy.wiring import wired

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from sparsey_trace.chunk import Chunk
    from sparsey_trace.layout import Layout
    from sparsey_trace.sparseypy.past import Past


class BasisAverageMetric(Metric):
    """The mean training input of each MAC while it was active, inside its projected receptive field.

    `compute` returns a list for each layer with a float32 tensor for each MAC: of the shape of an input sample, 0
    outside the field; with the reduction `sparse` [|RF|], what is inside, in the order of the features. It is the
    mean over all training steps so far, in evaluation too.

    Attributes:
        expected_input_shape: of an input sample; None before the first step.
        projected_rfs: as `get_projected_receptive_fields` returns them; None before the first step.
    """

    name: ClassVar[str] = "basis_average"

    expected_input_shape: tuple[int, ...] | None = None
    projected_rfs: list[list[Tensor]] | None = None

    def get_projected_receptive_fields(
        self, layers: Sequence[Any], input_shape: int | Sequence[int]
    ) -> list[list[Tensor]]:
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
        return self._fields(wired(layers, shape, math.prod(shape)))

    def initialize_shapes(self, layers: Sequence[Any], last_batch: Tensor) -> None:
        """Begin anew: set the shapes and the receptive fields, and forget what was averaged.

        Args:
            layers: as `LayerIOHook.get_layer_io` gives them.
            last_batch: [B, …], an input of the model.

        Raises:
            LayoutError: the layers don't fit each other or the input.
        """
        self.expected_input_shape = tuple(last_batch.shape[1:])
        self.projected_rfs = self.get_projected_receptive_fields(layers, self.expected_input_shape)
        self._past = None

    def _value(self, chunk: Chunk, past: Past[Any]) -> list[list[Tensor]]:
        layout = chunk.layout
        if self.projected_rfs is None:
            self.expected_input_shape, self.projected_rfs = layout.input_shape, self._fields(layout)
        averages = past.result()["average"].combine_chunks()
        by_mac = np.split(averages.values.to_numpy(), averages.offsets.to_numpy()[1:-1])
        shape = (-1,) if self.reduction == "sparse" else layout.input_shape
        return self._by_layer(layout, [mac.reshape(shape) for mac in by_mac])

    def _fields(self, layout: Layout) -> list[list[Tensor]]:
        return self._by_layer(
            layout,
            [
                mask.reshape(layout.input_shape)
                for field in receptive_fields(layout)
                for mask in field.masks()
            ],
        )

    def _by_layer(self, layout: Layout, by_mac: Sequence[Any]) -> list[list[Tensor]]:
        macs = iter(torch.tensor(mac, device=self.device) for mac in by_mac)
        return [[next(macs) for _ in range(layer.num_macs)] for layer in layout.layers]
