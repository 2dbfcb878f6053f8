"""A forward pass on its way from the model to the disk."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sparsey_trace.layout import Layout
    from sparsey_trace.recording.codes import Codes


@dataclass(frozen=True, kw_only=True, eq=False)
class Step:
    """What one forward pass over B samples left behind, in memory of its own.

    Codes of all layers stand end to end: by layer, then sample, then MAC, then CM.

    Attributes:
        number: of the step in its run.
        layout: the model.
        size: B.
        winners: [B * CMs in the model] uint16, meaningless where a MAC is silent.
        active: [B * MACs in the model] bool.
        inputs: [B, D], or None where they aren't kept.
        phase: `train` or `eval`.
        epoch: the epoch's number.
        labels: [B] whole numbers, or None.
        time: seconds since 1970-01-01 UTC.
    """

    number: int
    layout: Layout
    size: int
    winners: NDArray[np.uint16]
    active: NDArray[np.bool_]
    inputs: NDArray[Any] | None
    phase: str
    epoch: int
    labels: NDArray[Any] | None
    time: float

    @property
    def nbytes(self) -> int:
        """Bytes that the step holds in memory."""
        arrays = (self.winners, self.active, self.inputs, self.labels)
        return sum(array.nbytes for array in arrays if array is not None)

    def winners_by_layer(self) -> list[NDArray[np.uint16]]:
        """Per layer [B, M, Q], as views."""
        return _split(self.winners, [(self.size, part.num_macs, part.num_cms) for part in self.layout.layers])

    def active_by_layer(self) -> list[NDArray[np.bool_]]:
        """Per layer [B, M], as views."""
        return _split(self.active, [(self.size, part.num_macs) for part in self.layout.layers])


def gather(codes: Sequence[Codes]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """All layers' marks and activity end to end, moved off the model's device in one copy.

    Returns:
        [B * CMs in the model] float32, and [B * MACs in the model] bool.
    """
    marks, active = zip(*codes, strict=True)
    device = marks[0].device
    packed = torch.cat([part.flatten().to(device) for part in (*marks, *active)]).cpu().numpy()
    num_marks = sum(part.numel() for part in marks)
    return packed[:num_marks], packed[num_marks:] != 0


def _split(flat: NDArray[Any], shapes: Sequence[tuple[int, ...]]) -> list[NDArray[Any]]:
    ends = np.cumsum([0, *(np.prod(shape) for shape in shapes)])
    return [flat[a:b].reshape(shape) for (a, b), shape in zip(pairwise(ends), shapes, strict=True)]
