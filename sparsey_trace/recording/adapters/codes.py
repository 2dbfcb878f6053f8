"""From a layer's output to what the step keeps of it: copied at once, as training may change it in place."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor

from sparsey_trace.errors import RecordError
from sparsey_trace.recording.adapters.which_output import described

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sparsey_trace.layout import LayerLayout

WINNER = 1 << 16
"""What a CM's mark is above the winner's number; K is less, so that two winners show as more than twice it."""


class Codes(NamedTuple):
    """What one layer did in one forward pass over B samples; new tensors that nobody else holds.

    In a MAC that is active every CM has to have one winner. The cells of a silent MAC mean nothing.

    Attributes:
        cells: [B, M, Q, K] in any number of axes, bool: which are on; or so [B, M, Q] int32, the marks: `WINNER` + k
            where a CM's winner is k, 0 where it has none.
        active: [B, M] bool; None where a MAC is active that has a cell on.
    """

    cells: Tensor
    active: Tensor | None

    @property
    def size(self) -> int:
        """B."""
        return self.cells.shape[0]


def is_grid(shape: Sequence[int], num_macs: int) -> bool:
    """Whether axes are those of a layer's MACs: one of M, or several, of rows and columns say, that come to M.

    >>> [is_grid(shape, 12) for shape in [(12,), (3, 4), (2, 3, 2), (3, 3), ()]]
    [True, True, True, False, False]
    """
    return len(shape) > 0 and math.prod(shape) == num_macs


def cells_of(output: Any, layout: LayerLayout) -> Tensor:
    """A copy of the output of a layer that puts out its cells, in its shape: on where it isn't zero.

    Args:
        output: [B, M, Q, K], [B, M, Q * K] or [B, M * Q * K], any dtype; for M there may be several axes, of
            rows and columns say.
        layout: the layer.

    Raises:
        RecordError: the output has another shape.
    """
    macs, cms, neurons = layout.num_macs, layout.num_cms, layout.num_neurons
    if not isinstance(output, Tensor) or not _holds_cells(output.shape[1:], layout):
        found = described(output)
        shapes = ((macs, cms, neurons), (macs, cms * neurons), (macs * cms * neurons,))
        wanted = " or ".join(f"[B, {', '.join(map(str, shape))}]" for shape in shapes)
        msg = (
            f"{layout.name}: expected an output of shape {wanted}, with any axes that come to {macs} in place of "
            f"its MACs' one, or winners as whole numbers of shape [B, {macs}, {cms}], found {found}"
            + (
                ""
                if isinstance(output, Tensor)
                else "; say what of it holds the codes: WinnerTakeAll(..., output=…)"
            )
        )
        raise RecordError(msg)
    # A conversion, as torch makes booleans so ten times faster than by comparing with 0.
    return output.to(torch.bool, copy=True)


def _holds_cells(shape: Sequence[int], layout: LayerLayout) -> bool:
    macs, cms, neurons = layout.num_macs, layout.num_cms, layout.num_neurons
    return (
        (tuple(shape[-2:]) == (cms, neurons) and is_grid(shape[:-2], macs))
        or (tuple(shape[-1:]) == (cms * neurons,) and is_grid(shape[:-1], macs))
        or tuple(shape) == (macs * cms * neurons,)
    )


def codes_of_cells(output: Any, layout: LayerLayout) -> Codes:
    """Codes of a layer that puts out its cells, as `cells_of` reads them; silent MACs have none on."""
    return Codes(cells_of(output, layout), None)


def codes_of_winners(output: Tensor, layout: LayerLayout) -> Codes:
    """Codes of a layer that puts out its winners: [B, M, Q] whole numbers, -1 throughout a silent MAC.

    For M there may be several axes.
    """
    is_winner = (output >= 0) & (output < layout.num_neurons)
    return Codes(torch.where(is_winner, output.int() + WINNER, 0), (output != -1).any(dim=-1))
