"""A step: what one forward pass left behind."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from sparsey_trace.layout import Layout


@dataclass(frozen=True, kw_only=True, eq=False)
class Step:
    """What one forward pass over B samples left behind, in memory of its own.

    Codes of all layers stand end to end: by layer, then sample, then MAC, then CM.

    Attributes:
        number: of the step in its run.
        layout: the model.
        size: B.
        winners: [B * CMs in the model] uint8, uint16 or uint32, as the largest K takes; meaningless where silent.
        active: [B * MACs in the model] bool.
        inputs: [B, D], or None where they aren't kept.
        phase: `train` or `eval`.
        epoch: the epoch's number.
        marks: what is known of each sample, [B] whole numbers each, by the names of `MARKS`.
        time: seconds since 1970-01-01 UTC.
        values: further values of MACs: a name to [B, M] for each layer, or None where a layer has none.
        release: takes back memory that others may have used, when nobody reads the step any more.
    """

    number: int
    layout: Layout
    size: int
    winners: NDArray[np.unsignedinteger[Any]]
    active: NDArray[np.bool_]
    inputs: NDArray[Any] | None
    phase: str
    epoch: int
    marks: dict[str, NDArray[Any]]
    time: float
    values: dict[str, list[NDArray[Any] | None]] = field(default_factory=dict)
    release: Callable[[], None] | None = None

    @property
    def nbytes(self) -> int:
        """Bytes that the step holds in memory."""
        values = (array for by_layer in self.values.values() for array in by_layer)
        arrays = (self.winners, self.active, self.inputs, *self.marks.values(), *values)
        return sum(array.nbytes for array in arrays if array is not None)

    @property
    def kinds(self) -> tuple[Any, ...]:
        """What is the same of steps that can be written together."""
        return (
            self.size,
            self.winners.dtype,
            None if self.inputs is None else (self.inputs.dtype, self.inputs.shape),
            {name: [value is None for value in by_layer] for name, by_layer in self.values.items()},
        )

    def free(self) -> None:
        """Let another pass have what memory isn't the step's alone."""
        if self.release is not None:
            self.release()

    def winners_by_layer(self) -> list[NDArray[Any]]:
        """Per layer [B, M, Q], as views."""
        return winners_by_layer(self.winners, self.layout, self.size)

    def active_by_layer(self) -> list[NDArray[np.bool_]]:
        """Per layer [B, M], as views."""
        return active_by_layer(self.active, self.layout, self.size)


def winners_by_layer(
    winners: NDArray[Any], layout: Layout, size: int, *, num_steps: int = 1
) -> list[NDArray[Any]]:
    """Winners of steps of so many samples, in each step layers end to end, per layer as [samples, M, Q]."""
    return _split(winners, [(size, layer.num_macs, layer.num_cms) for layer in layout.layers], num_steps)


def active_by_layer(
    active: NDArray[np.bool_], layout: Layout, size: int, *, num_steps: int = 1
) -> list[NDArray[np.bool_]]:
    """Flags of activity of steps of so many samples, in each step layers end to end, per layer as [samples, M]."""
    return _split(active, [(size, layer.num_macs) for layer in layout.layers], num_steps)


def _split(flat: NDArray[Any], shapes: Sequence[tuple[int, ...]], num_steps: int) -> list[NDArray[Any]]:
    """[num_steps * N], of each step arrays end to end, as one array of each shape; views of a single step."""
    rows, ends = flat.reshape(num_steps, -1), accumulate(map(math.prod, shapes), initial=0)
    return [
        rows[:, a:b].reshape(num_steps * shape[0], *shape[1:])
        for (a, b), shape in zip(pairwise(ends), shapes, strict=True)
    ]
