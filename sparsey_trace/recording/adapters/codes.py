"""From a layer's output to what the step keeps of it, which is copied at once, as training may change it in place."""

from __future__ import annotations

import math
from collections import Counter
from functools import lru_cache
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


def has_long_marks(num_neurons: int) -> bool:
    """Whether K is too large for `WINNER`, so that the mark of a winner k is ~k, which is below 0."""
    return num_neurons >= WINNER


class Codes(NamedTuple):
    """What one layer did in one forward pass over B samples; the layer's own tensors, or new ones.

    Whoever has them read copies them at once. In a MAC that is active every CM has to have one winner. The cells of a
    silent MAC mean nothing.

    Attributes:
        cells: [B, M, Q, K] in any number of axes, of any dtype but int32: on where it isn't zero; or so [B, M, Q]
            int32, the marks: `WINNER` + k where a CM's winner is k, or ~k (`has_long_marks`); 0 where it has none.
        active: [B, M], of any dtype: active where it isn't zero; None where a MAC is active that has a cell on.
    """

    cells: Tensor
    active: Tensor | None

    @property
    def size(self) -> int:
        """B."""
        return self.cells.shape[0]

    def copied(self) -> Codes:
        """In memory of their own: cells and flags as bool."""
        cells, active = self
        kept = cells.clone() if cells.dtype is torch.int32 else copied_flags(cells)
        return Codes(kept, None if active is None else copied_flags(active))


def is_grid(shape: Sequence[int], num_macs: int) -> bool:
    """Whether axes are those of a layer's MACs: one of M, or several, of rows and columns say, that come to M.

    >>> [is_grid(shape, 12) for shape in [(12,), (3, 4), (2, 3, 2), (3, 3), ()]]
    [True, True, True, False, False]
    """
    return len(shape) > 0 and math.prod(shape) == num_macs


def cells_of(output: Any, layout: LayerLayout) -> Tensor:
    """The output of a layer that puts out its cells, as `Codes.cells`: on where it isn't zero.

    Args:
        output: [B, M, Q, K], [B, M, Q * K] or [B, M * Q * K], any dtype; for M there may be several axes, of
            rows and columns say, or none, where it is folded into the batch.
        layout: the layer.

    Raises:
        RecordError: the output has another shape.
    """
    if not isinstance(output, Tensor):
        raise RecordError(_unreadable(output, layout))
    found = output
    if not _holds_cells(output.shape, layout.num_macs, layout.num_cms, layout.num_neurons):
        found = unfolded(output, layout)
        if not _holds_cells(found.shape, layout.num_macs, layout.num_cms, layout.num_neurons):
            raise RecordError(_unreadable(output, layout))
    return found.bool() if found.dtype is torch.int32 else found


def copied_flags(values: Tensor) -> Tensor:
    """Whether values aren't 0, as bool in memory of their own."""
    # A conversion, as torch makes booleans so ten times faster than by comparing with 0; and not by `to` with
    # `copy=True`, which takes two times as long where there are few.
    return values.clone() if values.dtype is torch.bool else values.bool()


def unfolded(output: Tensor, layout: LayerLayout) -> Tensor:
    """An output whose MACs are folded into the batch, [B * M, …], as [B, M, …]; any other as it is.

    Routers of mixtures of experts, and what else treats tokens alike, put theirs out so.

    >>> from sparsey_trace import LayerLayout
    >>> router = LayerLayout(name="gate", num_macs=5, num_cms=2, num_neurons=8, connections=[[0]] * 5)
    >>> unfolded(torch.zeros(15, 2), router).shape
    torch.Size([3, 5, 2])
    """
    can_be = output.dim() > 0 and layout.num_macs > 1 and output.shape[0] % layout.num_macs == 0
    return output.reshape(-1, layout.num_macs, *output.shape[1:]) if can_be else output


def _unreadable(output: Any, layout: LayerLayout) -> str:
    macs, cms, neurons = layout.num_macs, layout.num_cms, layout.num_neurons
    cells = [
        f"[B, {macs}, {cms}, {neurons}]",
        f"[B, {macs}, {cms * neurons}]",
        f"[B, {macs * cms * neurons}]",
    ]
    winners = [f"[B, {macs}, {cms}]"]
    winners += [f"[B, {macs}]"] if cms == 1 else []
    winners += [f"[B, {cms}]"] if macs == 1 else []
    which = "; say what of it holds the codes: WinnerTakeAll(..., output=…)"
    if isinstance(output, Tensor):
        swapped = output.dim() == 3 and not Counter((macs, cms)) - Counter(output.shape)
        is_so = swapped and output.shape[1:] != (macs, cms)
        which = "; put its axes in order by a function: WinnerTakeAll(..., output=…)" if is_so else ""
    return (
        f"{layout.name}: expected an output of shape {' or '.join(cells)}, or winners as whole numbers of shape "
        f"{' or '.join(winners)}, with any axes that come to {macs} in place of its MACs' one, or with that folded "
        f"into the batch, found {described(output)}{which}"
    )


@lru_cache(256)
def _holds_cells(shape: tuple[int, ...], macs: int, cms: int, neurons: int) -> bool:
    """Whether an output of this shape, batch first, holds cells; asked of each layer in each pass."""
    of_sample = tuple(shape[1:])
    return (
        (of_sample[-2:] == (cms, neurons) and is_grid(of_sample[:-2], macs))
        or (of_sample[-1:] == (cms * neurons,) and is_grid(of_sample[:-1], macs))
        or of_sample == (macs * cms * neurons,)
    )


def codes_of_cells(output: Any, layout: LayerLayout) -> Codes:
    """Codes of a layer that puts out its cells, as `cells_of` reads them; silent MACs have none on."""
    return Codes(cells_of(output, layout), None)


def codes_of_winners(output: Tensor, layout: LayerLayout) -> Codes:
    """Codes of a layer that puts out its winners: [B, M, Q] whole numbers, -1 throughout a silent MAC.

    For M there may be several axes.
    """
    is_winner, winners = (output >= 0) & (output < layout.num_neurons), output.int()
    marks = ~winners if has_long_marks(layout.num_neurons) else winners + WINNER
    return Codes(torch.where(is_winner, marks, 0), (output != -1).any(dim=-1))
