"""The layers of sparseypy's spring-2024 version, whose MACs are modules of their own."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from sparsey_trace.errors import RecordError
from sparsey_trace.layout import LayerLayout
from sparsey_trace.recording.adapters.codes import Codes, cells_of, is_grid


class Spring2024Layers:
    """Layers of MACs.

    - `mac_list`: a ModuleList of M MACs, each with
      - `input_filter`, a row of whole numbers: what it listens to;
      - `is_active` [B], not zero where the forward pass made it active;
    - `mac_positions` [M, 2], or none;
    - an output of cells, [B, rows, columns, Q, K], one non-zero in every CM of an active MAC; MAC number is
      row * columns + column. Nothing else has Q and K.
    """

    LOOKS = ("mac_list", "input_filter")

    def recognises(self, module: nn.Module) -> bool:
        """Whether it holds such MACs."""
        macs = getattr(module, "mac_list", None)
        is_list = isinstance(macs, nn.ModuleList) and len(macs) > 0
        return is_list and all(hasattr(mac, "input_filter") for mac in macs_of(module))

    def layout(self, module: Any, *, name: str, num_sources: int) -> LayerLayout:
        """Wiring and positions; Q and K are 1 until `sized` has seen an output."""
        macs = macs_of(module)
        return LayerLayout(
            name=name,
            num_macs=len(macs),
            num_cms=1,
            num_neurons=1,
            connections=[mac.input_filter.tolist() for mac in macs],
            positions=getattr(module, "mac_positions", None),
        )

    def sized(self, layout: LayerLayout, output: Any) -> LayerLayout:
        """The layout, with Q and K off a forward pass's output.

        Raises:
            RecordError: the output has another shape.
        """
        if not isinstance(output, Tensor) or not is_grid(output.shape[1:-2], layout.num_macs):
            found = list(output.shape) if isinstance(output, Tensor) else type(output).__name__
            msg = (
                f"{layout.name}: expected an output of shape [B, rows, columns, Q, K] of {layout.num_macs} MACs, "
                f"found {found}"
            )
            raise RecordError(msg)
        return LayerLayout(
            name=layout.name,
            num_macs=layout.num_macs,
            num_cms=output.shape[-2],
            num_neurons=output.shape[-1],
            connections=layout.connections,
            positions=layout.positions,
        )

    def input_shape(self, module: nn.Module, fed: tuple[int, ...]) -> tuple[int, ...]:
        """Rows x columns, of samples [rows, columns, 1, 1]: a pixel has one CM of one neuron."""
        return fed[:2] if len(fed) == 4 and fed[2:] == (1, 1) else fed

    def read(self, module: nn.Module, output: Any, layout: LayerLayout) -> Codes:
        """Winners from the output, activity from the MACs."""
        cells = cells_of(output, layout)
        active = [
            _activity(mac, cells.shape[0], f"{layout.name}, MAC {number}")
            for number, mac in enumerate(macs_of(module))
        ]
        return Codes(cells, torch.stack(active, dim=1))

    def is_training(self, module: nn.Module, model: nn.Module) -> bool:
        """By the layer's flag: the original's `model.train()` sets no flag of the model."""
        return module.training


def macs_of(layer: Any) -> list[Any]:
    """The MACs of such a layer, as modules."""
    return list(layer.mac_list)


def _activity(mac: Any, size: int, where: str) -> Tensor:
    """[B] bool, for which samples a MAC is active."""
    active = getattr(mac, "is_active", None)
    if not isinstance(active, Tensor) or active.shape != (size,):
        found = list(active.shape) if isinstance(active, Tensor) else type(active).__name__
        msg = f"{where}: is_active: expected shape [{size}] after a forward pass, found {found}"
        raise RecordError(msg)
    return active != 0
