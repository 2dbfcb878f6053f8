"""From a layer's output to its codes, on the model's device and in few kernels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor

from sparsey_trace.errors import RecordError

if TYPE_CHECKING:
    from sparsey_trace.layout import LayerLayout

WINNER = 1 << 16
"""What a CM's mark is above the winner's number; K is less, so that two winners show as more than twice it."""


class Codes(NamedTuple):
    """What one layer did in one forward pass over B samples; new tensors that nobody else holds.

    Attributes:
        marks: [B, M, Q] float32: of each CM, 0 where it has no winner, `WINNER` + k where its winner is k, and
            2 * `WINNER` or more where it has several. Meaningless where the MAC is silent.
        active: [B, M] bool. In a MAC that is active every CM has to have one winner.
    """

    marks: Tensor
    active: Tensor


def marks_of_cells(output: Any, layout: LayerLayout) -> Tensor:
    """The marks in the output of a layer that puts out its cells: a winner is a cell that isn't zero.

    Args:
        output: [B, M, Q, K], [B, M, Q * K] or [B, M * Q * K], any dtype.
        layout: the layer.

    Raises:
        RecordError: the output has another shape.
    """
    macs, cms, neurons = layout.num_macs, layout.num_cms, layout.num_neurons
    shapes = ((macs, cms, neurons), (macs, cms * neurons), (macs * cms * neurons,))
    if not isinstance(output, Tensor) or output.shape[1:] not in shapes:
        found = list(output.shape) if isinstance(output, Tensor) else type(output).__name__
        wanted = " or ".join(f"[B, {', '.join(map(str, shape))}]" for shape in shapes)
        msg = f"{layout.name}: expected an output of shape {wanted}, found {found}"
        raise RecordError(msg)
    # By way of uint8, from which torch makes floats ten times faster than from bool. And one sum instead
    # of an argmax and a count, as both are slow along an axis as short as K; float32 holds it exactly.
    on = output.reshape(len(output), macs, cms, neurons).bool().view(torch.uint8).float()
    return (on * torch.arange(WINNER, WINNER + neurons, dtype=on.dtype, device=on.device)).sum(dim=-1)


def codes_of_cells(output: Any, layout: LayerLayout) -> Codes:
    """Codes of a layer that puts out its cells, as `marks_of_cells` reads them; silent MACs have none on."""
    marks = marks_of_cells(output, layout)
    return Codes(marks, (marks != 0).any(dim=-1))


def codes_of_winners(output: Tensor, layout: LayerLayout) -> Codes:
    """Codes of a layer that puts out its winners: [B, M, Q] whole numbers, -1 throughout a silent MAC."""
    is_winner = (output >= 0) & (output < layout.num_neurons)
    return Codes(torch.where(is_winner, output + float(WINNER), 0.0), (output != -1).any(dim=-1))
