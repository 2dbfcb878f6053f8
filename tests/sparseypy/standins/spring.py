"""A model of the spring generation: MACs are modules, and the grid's rows and columns are two axes of an output."""

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
from tests.sparseypy.standins.wiring import places, within

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.sparseypy.standins.cells import Answer


class MAC(nn.Module):
    """A MAC, shown what it listens to.

    Attributes:
        is_active: [B] float32 zeros and ones, of the latest batch; True before any.
    """

    def __init__(
        self,
        *,
        layer_index: int,
        mac_index: int,
        input_filter: Tensor,
        cells_below: tuple[int, int],
        num_cms: int,
        num_neurons: int,
    ) -> None:
        super().__init__()
        self.layer_index, self.mac_index = layer_index, mac_index
        self.input_num_cms, self.input_num_neurons = cells_below
        self.input_num_macs = len(input_filter)
        self.input_filter = input_filter
        self.activation_threshold_min = LOWEST * self.input_num_macs
        self.activation_threshold_max = HIGHEST * self.input_num_macs
        vars(self).update(RULES)
        self.stored_codes: set[tuple[int, ...]] = set()
        self.is_active: Tensor | bool = True
        num_inputs = self.input_num_macs * self.input_num_cms * self.input_num_neurons
        self.weights = drawn_weights(num_cms, num_inputs, num_neurons, seed=1000 * layer_index + mac_index)
        self._answer: Answer = self._computed

    def answer_with(self, answer: Answer) -> None:
        """Have the codes from elsewhere."""
        self._answer = answer

    def forward(self, x: Tensor) -> Tensor:
        """[B, R, Q, K] of the layer below to [B, Q, K] float32; all 0 where the MAC is silent."""
        cells, active = self._answer(x)
        self.is_active = active.float()
        return cells

    def _computed(self, x: Tensor) -> tuple[Tensor, Tensor]:
        heard = x.flatten(1)
        on = heard.sum(dim=1) / self.input_num_cms
        active = (on >= self.activation_threshold_min) & (on <= self.activation_threshold_max)
        cells = best_cells((heard @ self.weights).transpose(0, 1)) * active[:, None, None]
        if self.training:
            learn(self.weights, heard.T @ cells.transpose(0, 1))
        return cells, active


class SparseyLayer(nn.Module):
    """A layer: MACs in a list.

    Args:
        layer_index: from 0.
        grid: the MACs' rows and columns.
        grid_layout: `rect` or `hex`.
        num_cms: Q.
        num_neurons: K.
        mac_receptive_field_radius: on the scale of the unit square.
        below: the rows, columns, CMs and neurons of what the layer listens to.
        layout_below: its grid's layout.
        wiring: what each MAC listens to, instead of all within the radius.
    """

    def __init__(
        self,
        *,
        layer_index: int,
        grid: tuple[int, int],
        grid_layout: str,
        num_cms: int,
        num_neurons: int,
        mac_receptive_field_radius: float,
        below: tuple[int, int, int, int],
        layout_below: str = "rect",
        wiring: Sequence[Tensor] | None = None,
    ) -> None:
        super().__init__()
        self.layer_index, self.is_grid_autosized = layer_index, False
        self.grid_size, self.num_macs = grid, grid[0] * grid[1]
        self.receptive_field_radius = mac_receptive_field_radius
        self.prev_layer_grid_size, self.prev_layer_output_shape = below[:2], below
        self.permanence_steps = RULES["permanence_steps"]
        self.permanence_convexity = RULES["permanence_convexity"]
        self.saturation_threshold = SATURATION
        self.activation_threshold_min, self.activation_threshold_max = LOWEST, HIGHEST
        self.mac_positions = places(grid, grid_layout)
        sources = places(below[:2], layout_below)
        self.input_connections = list(
            wiring or within(self.mac_positions, sources, mac_receptive_field_radius)
        )
        self.mac_list = nn.ModuleList(
            MAC(
                layer_index=layer_index,
                mac_index=index,
                input_filter=input_filter,
                cells_below=below[2:],
                num_cms=num_cms,
                num_neurons=num_neurons,
            )
            for index, input_filter in enumerate(self.input_connections)
        )

    def forward(self, x: Tensor) -> Tensor:
        """[B, rows, columns, Q, K] of the layer below to the same of this one."""
        check_shape(self, x)
        x = x.flatten(1, 2)
        outputs = [mac(x.index_select(1, mac.input_filter)) for mac in self.mac_list]
        return torch.stack(outputs, dim=1).unflatten(1, self.grid_size)


class Model(Stack):
    """[B, rows, columns, 1, 1] to the output of the highest layer."""
