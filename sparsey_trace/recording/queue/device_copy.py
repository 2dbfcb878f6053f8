"""From an accelerator's memory to the host's, without anyone waiting but who needs the values.

A copy is put on the stream that computes, behind what it copies, and an event behind the copy. So the memory
that is copied may be freed at once: whoever is given it next comes later on that stream. The host's memory is
pinned, as only then the copy lets go of the thread that asks for it; it may be read, and used again, once the event
has happened, for which the writer thread waits.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


class Event(Protocol):
    """Happens when a device gets to it."""

    def synchronize(self) -> None:
        """Wait until it has happened."""
        ...


class Lane(Protocol):
    """What copying from a kind of device takes."""

    def pinned(self, num_bytes: int) -> Tensor:
        """[num_bytes] uint8 in the host's memory, that the device can copy into by itself."""
        ...

    def copy(self, source: Tensor, target: Tensor) -> Event:
        """Have the device copy, when it has computed the source; what happens when the target has it."""
        ...


class CudaLane:
    """CUDA's, and ROCm's under the same name."""

    def pinned(self, num_bytes: int) -> Tensor:
        """See `Lane`."""
        return torch.empty(num_bytes, dtype=torch.uint8, pin_memory=True)

    def copy(self, source: Tensor, target: Tensor) -> Event:
        """See `Lane`."""
        target.copy_(source, non_blocking=True)
        event = torch.cuda.Event(blocking=True)  # type: ignore[no-untyped-call]
        event.record(torch.cuda.current_stream(source.device))
        return event


def lane_from(device: torch.device) -> Lane | None:
    """How to copy from a device without waiting; None where reading its memory is all that can be done."""
    return CudaLane() if device.type == "cuda" else None


class Harbour:
    """The pinned memory that copies arrive in. As many pieces as copies were ever under way at once.

    Pieces are of one size, a power of two as torch's own allocator of such memory deals in them; a step of another
    size changes it.

    Args:
        lane: to the device.
    """

    def __init__(self, lane: Lane) -> None:
        """Empty; see the class for the arguments."""
        self._lane, self._lock = lane, threading.Lock()
        self._free: list[Tensor] = []
        self._size = 0

    def send(self, tensors: Mapping[str, Tensor]) -> Cargo:
        """Start a copy of tensors of one device, and don't wait for it."""
        parts = [tensor.contiguous().flatten().view(torch.uint8) for tensor in tensors.values()]
        packed = torch.cat(parts)
        target = self._take(packed.numel())
        event = self._lane.copy(packed, target[: packed.numel()])
        return Cargo(self, target, event, {name: (t.dtype, tuple(t.shape)) for name, t in tensors.items()})

    def give_back(self, piece: Tensor) -> None:
        """Let the next copy use it."""
        with self._lock:
            if piece.numel() == self._size:
                self._free.append(piece)

    def _take(self, num_bytes: int) -> Tensor:
        size = 1 << (num_bytes - 1).bit_length()
        with self._lock:
            if size != self._size:
                self._free, self._size = [], size
            if self._free:
                return self._free.pop()
        return self._lane.pinned(size)


class Cargo:
    """Tensors on their way."""

    def __init__(
        self,
        harbour: Harbour,
        piece: Tensor,
        event: Event,
        kinds: Mapping[str, tuple[torch.dtype, tuple[int, ...]]],
    ) -> None:
        """Of these kinds, in this order, into a piece of the harbour's memory, whole when the event happens."""
        self._harbour, self._piece, self._event, self._kinds = harbour, piece, event, kinds

    def unload(self) -> dict[str, NDArray[Any]]:
        """The tensors' values, to be read until `free`; waits for the device."""
        self._event.synchronize()
        flat, start, arrays = self._piece.numpy(), 0, {}
        for name, (dtype, shape) in self._kinds.items():
            end = start + dtype.itemsize * int(np.prod(shape, dtype=np.int64))
            kind = str(dtype).removeprefix("torch.")
            arrays[name] = flat[start:end].view(kind).reshape(shape)
            start = end
        return arrays

    def free(self) -> None:
        """Give the memory back, which nobody may read any more."""
        self._harbour.give_back(self._piece)
