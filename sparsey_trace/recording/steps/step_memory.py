"""Memory that passes fill, layer by layer, and that is used again when their steps are written.

Where all layers are of one kind, as a Sparsey's are, what a pass leaves is two rows of bytes: a layer's hook does no
more than convert into its part of them, into memory that is there already. New memory costs more than the conversion:
a call for each tensor where they are small, a fault for each page where they are large.

It is made outside of inference mode, whatever the pass is in: what is made inside may never be changed outside again.
"""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from sparsey_trace.recording.adapters.codes import Codes
from sparsey_trace.recording.steps.inputs import dense, kept_dtype

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sparsey_trace.layout import Layout

_MOST_BYTES = 16 << 20
"""That wait to be used again, where one is smaller."""

_MOST_SIZES = 4
"""Of how many sizes: that of most batches, and that of an epoch's last."""


class Kind(NamedTuple):
    """What passes leave that can share a memory.

    Attributes:
        layout: the model, whose layers have one Q and one K.
        is_marks: whether codes are marks, or cells, as in `Codes`.
        has_active: whether layers say which MACs are active.
    """

    layout: Layout
    is_marks: bool
    has_active: bool


class InputCopy:
    """An input is copied here.

    Args:
        tensor: the memory, [B, …].

    Attributes:
        tensor: the same.
        array: the same, for who reads it; what either takes to be made is paid once.
        shape: the same, for torch makes one anew each time that it is asked.
    """

    __slots__ = ("array", "shape", "tensor")

    def __init__(self, tensor: Tensor) -> None:
        """Filled with nothing yet; see the class for the argument."""
        self.tensor, self.array, self.shape = tensor, tensor.numpy(), tensor.shape


class _Slot:
    """What one layer puts out is copied here.

    Args:
        values: the memory, [all of them].

    Attributes:
        values: the same, in the axes that the layer's have.
        shape: of what was copied last, for torch makes one anew each time that it is asked; None before that.
    """

    __slots__ = ("shape", "values")

    def __init__(self, values: Tensor) -> None:
        """Filled with nothing yet; see the class for the argument."""
        self.values = values
        self.shape: torch.Size | None = None

    def fill(self, given: Tensor) -> None:
        """Copy as many values, in the axes that they have."""
        shape = given.shape
        if shape != self.shape:
            self.values, self.shape = self.values.view(shape), shape
        self.values.copy_(given)


class StepMemory:
    """What the layers put out in one pass over B samples: by layer, then sample, then MAC, then CM.

    Args:
        pool: where it goes when it is free.
        kind: of the pass.
        size: B.

    Attributes:
        pool: where it goes when it is free.
        kind: of the pass.
        size: B.
        cells: bool, or int32 marks; [all of them].
        active: [B * MACs in the model] bool, or None where layers don't say.
        nbytes: of both; without the input's.
    """

    def __init__(self, pool: MemoryPool, kind: Kind, size: int) -> None:
        """Filled with nothing yet; see the class for the arguments."""
        self.kind, self.size, self.pool = kind, size, pool
        first = kind.layout.layers[0]
        per_mac = first.num_cms * (1 if kind.is_marks else first.num_neurons)
        sizes = [size * layer.num_macs for layer in kind.layout.layers]
        cells = _empty((sum(sizes) * per_mac,), torch.int32 if kind.is_marks else torch.bool)
        active = _empty((sum(sizes) if kind.has_active else 0,), torch.bool)
        ends = list(pairwise(accumulate(sizes, initial=0)))
        self._cells = [_Slot(cells[a * per_mac : b * per_mac]) for a, b in ends]
        self._active = [_Slot(active[a:b]) if kind.has_active else None for a, b in ends]
        self.cells, self.active = cells.numpy(), active.numpy() if kind.has_active else None
        self._input: InputCopy | None = None
        self._is_marks = kind.is_marks
        self.nbytes = cells.nbytes + active.nbytes

    def keep_input(self, inputs: Tensor) -> Tensor:
        """A copy of an input of the host's, [B, …], in memory that is this one's."""
        slot = self.pool.take_input() if self._input is None else self._input
        found, dtype = dense(inputs), kept_dtype(inputs)
        if slot is None or slot.tensor.dtype is not dtype or slot.shape != found.shape:
            slot = InputCopy(_empty(found.shape, dtype))
        self._input = slot
        return slot.tensor.copy_(found)

    def input_array(self, inputs: Tensor) -> NDArray[Any]:
        """What a step keeps of an input, as an array: of the copy that `keep_input` made, there is one already."""
        copied = self._input
        return copied.array if copied is not None and copied.tensor is inputs else inputs.numpy()

    def keep(self, index: int, codes: Codes) -> bool:
        """Copy what a layer has put out; whether it is of the kind that finds room here."""
        cells, active = codes
        flags = self._active[index]
        if (cells.dtype is torch.int32) is not self._is_marks or not cells.is_cpu:
            return False
        if active is None:
            if flags is not None:
                return False
        elif flags is None or not active.is_cpu:
            return False
        else:
            flags.fill(active)
        self._cells[index].fill(cells)
        return True

    def keep_again(self, index: int, output: Tensor, active: Any) -> bool:
        """Copy cells and flags that are a layer's as they are; whether they are of the shapes that `keep` was given.

        Args:
            index: the layer's.
            output: its cells.
            active: its flags of activity, or None where it has none.
        """
        slot, flags = self._cells[index], self._active[index]
        if output.shape != slot.shape or self._is_marks or not (output.is_cpu and output.is_floating_point()):
            return False
        if flags is None:
            if active is not None:
                return False
        elif type(active) is not Tensor or active.shape != flags.shape or not active.is_cpu:
            return False
        else:
            # One call, so that the interpreter's lock is let go of once: the writer thread may take it each time.
            torch._foreach_copy_((slot.values, flags.values), (output, active))
            return True
        slot.values.copy_(output)
        return True

    def hand_over_input(self) -> InputCopy | None:
        """The input's copy, for who needs it longer than this memory; `MemoryPool.give_back_input` takes it back."""
        given, self._input = self._input, None
        return given

    @property
    def all_bytes(self) -> int:
        """With those of the input."""
        return self.nbytes + (0 if self._input is None else self._input.array.nbytes)

    def free(self) -> None:
        """Let another pass fill it; nobody reads it any more."""
        self.pool.give_back(self)

    def taken_out(self, index: int) -> Codes:
        """A copy of what a layer has put out."""
        active = self._active[index]
        return Codes(self._cells[index].values.clone(), None if active is None else active.values.clone())


def _empty(shape: Sequence[int], dtype: torch.dtype) -> Tensor:
    with torch.inference_mode(mode=False):
        return torch.empty(shape, dtype=dtype, device="cpu")


class MemoryPool:
    """Memories that wait to be filled; passes take them, and the writer thread gives them back.

    Args:
        kind: of the passes.

    Attributes:
        kind: of the passes.
    """

    def __init__(self, kind: Kind) -> None:
        """None yet; see the class for the argument."""
        self.kind = kind
        self._free: dict[int, list[StepMemory]] = {}
        self._inputs: list[InputCopy] = []  # copies whose memories went on without them

    def take(self, size: int) -> StepMemory:
        """Memory for so many samples. One that never comes back is forgotten."""
        try:
            return self._free[size].pop()
        except (KeyError, IndexError):
            return StepMemory(self, self.kind, size)

    def give_back(self, memory: StepMemory) -> None:
        """See `StepMemory.free`."""
        free = self._free.get(memory.size)
        if free is None:
            if len(self._free) >= _MOST_SIZES:
                self._free = {}
            free = self._free.setdefault(memory.size, [])
        if not free or (len(free) + 1) * memory.all_bytes <= _MOST_BYTES:
            free.append(memory)

    def take_input(self) -> InputCopy | None:
        """Memory that an input was copied into, if any waits to be used again."""
        try:
            return self._inputs.pop()
        except IndexError:
            return None

    def give_back_input(self, memory: InputCopy) -> None:
        """See `StepMemory.hand_over_input`."""
        if not self._inputs:
            self._inputs.append(memory)


def kind_of(codes: Sequence[Codes], layout: Layout) -> Kind | None:
    """The kind of what a pass left in the host's memory; None where its layers are of several."""
    first, found = layout.layers[0], codes[0]
    is_one = all(
        (layer.num_cms, layer.num_neurons) == (first.num_cms, first.num_neurons)
        and of.cells.dtype is found.cells.dtype
        and (of.active is None) == (found.active is None)
        for layer, of in zip(layout.layers, codes, strict=True)
    )
    return Kind(layout, found.cells.dtype is torch.int32, found.active is not None) if is_one else None


def joined(memories: Sequence[StepMemory]) -> tuple[np.ndarray, np.ndarray | None]:
    """Cells or marks, and flags of activity, of memories of one kind, end to end: to be written over."""
    first = memories[0]
    if len(memories) == 1:
        return first.cells, first.active
    cells = np.concatenate([memory.cells for memory in memories])
    flags = [memory.active for memory in memories if memory.active is not None]
    return cells, np.concatenate(flags) if flags else None
