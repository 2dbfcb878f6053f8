"""Layers that the user names: any module whose output is winner-take-all."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from sparsey_trace.connections import EVERYTHING
from sparsey_trace.layout import LayerLayout
from sparsey_trace.recording.adapters.base import as_numpy
from sparsey_trace.recording.adapters.codes import (
    Codes,
    codes_of_cells,
    codes_of_winners,
    is_grid,
    unfolded,
)
from sparsey_trace.recording.adapters.which_output import picked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from sparsey_trace.recording.adapters.which_output import Which


@dataclass(frozen=True, eq=False)
class WinnerTakeAll:
    """A layer that the user names: any module whose output is winner-take-all.

    In each CM of the output one cell is non-zero, whatever its value; a MAC whose cells are all zero
    is silent. Or the output holds the winners themselves, -1 throughout a MAC that is silent. In short, it is

    - `[B, M, Q, K]`, `[B, M, Q * K]` or `[B, M * Q * K]` of any dtype: cells;
    - `[B, M, Q]` of whole numbers: winners, 0 to K - 1, or -1; `[B, M]` where Q is 1, `[B, Q]` where M is 1;

    in each of which there may be several axes for M, as `[B, rows, columns, Q, K]`, with the last one running fastest
    through the MACs' numbers; or none, where MACs are folded into the batch, as tokens are by routers of experts:
    `[B * M, Q]`.

    Attributes:
        name: the module's name, as in `model.named_modules()`.
        num_macs: M.
        num_cms: Q.
        num_neurons: K.
        connections: what each MAC listens to, [M, R] padded with -1 or M index arrays: input features for
            the first layer that is recorded, MACs of the recorded layer before for others; None: everything,
            which the trace then says and doesn't store.
        positions: [M, 2], the MACs' positions on the unit grid, or None.
        output: what of the layer's output it is, where the layer puts out several things: a position in a tuple, a
            key or an attribute's name, or a function of the output; None: the output itself.

    Raises:
        LayoutError: counts, connections and positions don't fit each other.

    >>> WinnerTakeAll("encoder.0", num_macs=4, num_cms=3, num_neurons=8)
    WinnerTakeAll(name='encoder.0', num_macs=4, num_cms=3, num_neurons=8, connections=None, positions=None, output=None)
    """

    name: str
    _: KW_ONLY
    num_macs: int
    num_cms: int
    num_neurons: int
    connections: ArrayLike | Sequence[ArrayLike] | None = None
    positions: ArrayLike | None = None
    output: Which | None = None

    def __post_init__(self) -> None:
        """Check now what would otherwise fail in the first forward pass."""
        self._layout(self.name)

    def layout(self, module: nn.Module, *, name: str, num_sources: int) -> LayerLayout:
        """As the user said."""
        return self._layout(name)

    def read(self, module: nn.Module, output: Any, layout: LayerLayout) -> Codes:
        """Winners and activity, both from the output."""
        output = picked(output, self.output, where=layout.name)
        if isinstance(output, Tensor) and _is_whole(output):
            shapes = (output.shape, unfolded(output, layout).shape)
            if any(_holds_winners(shape[1:], layout) for shape in shapes):
                return codes_of_winners(output.reshape(-1, layout.num_macs, layout.num_cms), layout)
        return codes_of_cells(output, layout)

    def is_training(self, module: nn.Module, model: nn.Module) -> bool:
        """By the model's flag, as a module of it may be frozen while the model trains.

        Where nothing in a model trains that has parts and no parameters of its own, it doesn't either: the `train` of
        sparseypy's models sets the flag of the layers and not the model's.
        """
        if not model.training:
            return False
        has_parts = False
        for part in model.children():
            if part.training:  # the first one, mostly: what is below takes three times as long
                return True
            has_parts = True
        return not has_parts or any(True for _ in model.parameters(recurse=False))

    def _layout(self, name: str) -> LayerLayout:
        return LayerLayout(
            name=name,
            num_macs=self.num_macs,
            num_cms=self.num_cms,
            num_neurons=self.num_neurons,
            connections=EVERYTHING if self.connections is None else as_numpy(self.connections),
            positions=as_numpy(self.positions),
        )


def _holds_winners(shape: Sequence[int], layout: LayerLayout) -> bool:
    return (tuple(shape[-1:]) == (layout.num_cms,) and is_grid(shape[:-1] or (1,), layout.num_macs)) or (
        layout.num_cms == 1 and is_grid(shape or (1,), layout.num_macs)
    )


def _is_whole(output: Tensor) -> bool:
    return not (output.is_floating_point() or output.is_complex() or output.dtype is torch.bool)
