"""A model of the final generation: a layer is one module, and says of all its MACs together whether they are active."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from tests.sparseypy.standins.cells import (
    HIGHEST,
    LOWEST,
    RULES,
    SATURATION,
    best_cells,
    drawn_weights,
    learn,
)
from tests.sparseypy.standins.stack import Stack, check_shape
from tests.sparseypy.standins.wiring import padded, places, within

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.sparseypy.standins.cells import Answer

CPU = torch.device("cpu")


class SparseyLayer(nn.Module):
    """A layer.

    Args:
        layer_index: from 0.
        grid: the MACs' rows and columns.
        grid_layout: `rect` or `hex`.
        num_cms: Q.
        num_neurons: K.
        mac_receptive_field_size: on the scale of the unit square.
        grid_below: the rows and columns of what the layer listens to.
        cells_below: how many cells each of those has: 1, or Q * K.
        layout_below: its grid's layout.
        device: where it computes.
        wiring: what each MAC listens to, instead of all within the radius.

    Attributes:
        input_connections: [M, R] int64, padded with the number of things below.
        is_active: [B, M] bool, of the latest batch; None before any.
    """

    def __init__(
        self,
        *,
        layer_index: int,
        grid: tuple[int, int],
        grid_layout: str,
        num_cms: int,
        num_neurons: int,
        mac_receptive_field_size: float,
        grid_below: tuple[int, int],
        cells_below: int,
        layout_below: str = "rect",
        device: torch.device = CPU,
        wiring: Sequence[Tensor] | None = None,
    ) -> None:
        super().__init__()
        self.device, self.layer_index, self.is_grid_autosized = device, layer_index, False
        self.grid_size, self.num_macs = grid, grid[0] * grid[1]
        self.num_cms_per_mac, self.num_neurons_per_cm = num_cms, num_neurons
        vars(self).update(RULES)
        self.saturation_threshold = SATURATION
        self.receptive_field_size = mac_receptive_field_size
        num_below = grid_below[0] * grid_below[1]
        self.prev_layer_grid_size, self.prev_layer_output_shape = grid_below, (num_below, cells_below)
        self.mac_positions = places(grid, grid_layout)
        sources = places(grid_below, layout_below)
        wiring = wiring or within(self.mac_positions, sources, mac_receptive_field_size)
        self.input_connections = padded(wiring, num_below).to(device)
        self.receptive_field_num_macs = self.input_connections.shape[1]
        fields = torch.tensor([len(field) for field in wiring], device=device)[None, :, None]
        self.activation_threshold_min, self.activation_threshold_max = LOWEST * fields, HIGHEST * fields
        self.is_active: Tensor | None = None
        num_inputs = self.receptive_field_num_macs * cells_below
        self.weights = drawn_weights(self.num_macs, num_inputs, num_cms * num_neurons, seed=layer_index)
        self._answer: Answer = self._computed

    def forward(self, x: Tensor) -> Tensor:
        """[B, M, Q * K] of the layer below to the same of this one, float32; all 0 where a MAC is silent."""
        check_shape(self, x)
        cells, self.is_active = self._answer(x)
        return cells

    def answer_with(self, answer: Answer) -> None:
        """Have the codes from elsewhere."""
        self._answer = answer

    def _computed(self, x: Tensor) -> tuple[Tensor, Tensor]:
        heard = nn.functional.pad(x, (0, 0, 0, 1))[:, self.input_connections]
        on = heard.any(dim=-1).sum(dim=-1, keepdim=True)
        active = (on >= self.activation_threshold_min) & (on <= self.activation_threshold_max)
        heard = heard.flatten(2)
        support = torch.einsum("bmi,mio->bmo", heard, self.weights)
        per_cm = support.unflatten(-1, (self.num_cms_per_mac, self.num_neurons_per_cm))
        cells = best_cells(per_cm).flatten(2) * active
        if self.training:
            learn(self.weights, torch.einsum("bmi,bmo->mio", heard, cells))
        return cells, active.squeeze(-1)


class Model(Stack):
    """[B, D, 1] to the output of the highest layer."""

    def __init__(self, device: torch.device = CPU) -> None:
        super().__init__()
        self.device = device
