"""The layers of sparseypy's final version, whose attributes the demo's have too."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor, nn

from sparsey_trace.connections import PADDING
from sparsey_trace.errors import RecordError
from sparsey_trace.layout import LayerLayout
from sparsey_trace.recording.adapters.base import as_numpy
from sparsey_trace.recording.adapters.codes import Codes, cells_of


class SparseyLayers:
    """Layers with the attributes of sparseypy's, as the demo's have them too.

    - `input_connections` [M, R] whole numbers: what each MAC listens to, padded with the number of
      sources: D for the first layer, the MACs of the layer below for others;
    - `num_cms_per_mac`, `num_neurons_per_cm`: Q and K;
    - `mac_positions` [M, 2], or none;
    - `is_active` [B, M] booleans or zeros and ones, set by each forward pass: what says that a MAC is silent;
    - an output of cells, [B, M, Q, K] or flatter, one non-zero in every CM of an active MAC.
    """

    LOOKS = ("input_connections", "num_cms_per_mac", "num_neurons_per_cm")

    def recognises(self, module: nn.Module) -> bool:
        """Whether it has the wiring and the sizes."""
        return all(hasattr(module, name) for name in self.LOOKS)

    def layout(self, module: Any, *, name: str, num_sources: int) -> LayerLayout:
        """Read off the attributes."""
        connections = np.asarray(as_numpy(module.input_connections))
        return LayerLayout(
            name=name,
            num_macs=len(connections),
            num_cms=module.num_cms_per_mac,
            num_neurons=module.num_neurons_per_cm,
            connections=np.where(connections == num_sources, PADDING, connections),
            positions=as_numpy(getattr(module, "mac_positions", None)),
        )

    def read(self, module: Any, output: Any, layout: LayerLayout) -> Codes:
        """Winners from the output, activity from `is_active`."""
        cells = cells_of(output, layout)
        active = getattr(module, "is_active", None)
        if not isinstance(active, Tensor) or active.shape != (cells.shape[0], layout.num_macs):
            expected = (cells.shape[0], layout.num_macs)
            found = list(active.shape) if isinstance(active, Tensor) else type(active).__name__
            msg = f"{layout.name}: is_active: expected shape {list(expected)} after a forward pass, found {found}"
            raise RecordError(msg)
        return Codes(cells, active)

    def is_training(self, module: nn.Module, model: nn.Module) -> bool:
        """By the layer's flag: sparseypy's `model.train()` sets no other."""
        return module.training
