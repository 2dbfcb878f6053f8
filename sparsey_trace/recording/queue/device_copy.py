"""From an accelerator's memory to the host's, without anyone waiting but who needs the values.

A copy is put on the stream that computes, behind what it copies, and an event behind the copy. So the memory that is
copied may be freed at once: whoever is given it next comes later on that stream. The host's memory is pinned, as only
then the copy lets go of the thread that asks for it; it may be read, and used again, once the event has happened, for
which the writer thread waits.
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


class CopyEvent(Protocol):
    """Happens when a device has done a copy."""

    def synchronize(self) -> None:
        """Wait until it has happened."""
        ...


class Copier(Protocol):
    """What copying from a kind of device takes."""

    def pinned(self, num_bytes: int) -> Tensor:
        """[num_bytes] uint8 in the host's memory, that the device can copy into by itself."""
        ...

    def copy(self, source: Tensor, target: Tensor) -> CopyEvent:
        """Have the device copy, when it has computed the source; what happens when the target has it.

        Args:
            source: [N] uint8, on the device.
            target: [N] uint8, pinned.
        """
        ...


class CudaCopier:
    """Copies from CUDA's devices, and from ROCm's, which have the same name."""

    def pinned(self, num_bytes: int) -> Tensor:
        """See `Copier`."""
        return torch.empty(num_bytes, dtype=torch.uint8, device="cpu", pin_memory=True)

    def copy(self, source: Tensor, target: Tensor) -> CopyEvent:
        """See `Copier`."""
        target.copy_(source, non_blocking=True)
        event = torch.cuda.Event(blocking=True)  # type: ignore[no-untyped-call]
        event.record(torch.cuda.current_stream(source.device))
        return event


def copier_for(device: torch.device) -> Copier | None:
    """How to copy from a device without waiting; None where reading its memory is all that can be done."""
    return CudaCopier() if device.type == "cuda" else None


class PinnedMemory:
    """A pool of pinned buffers that copies are made into: as many as copies were ever under way at once.

    Buffers are of one size, a power of two as torch's own allocator of such memory deals in them; a step of another
    size changes it.

    Args:
        copier: from the device.
    """

    def __init__(self, copier: Copier) -> None:
        """No buffer yet; see the class for the arguments."""
        self._copier, self._lock = copier, threading.Lock()
        self._free: list[Tensor] = []
        self._size = 0

    def start_copy(self, tensors: Mapping[str, Tensor]) -> DeviceCopy:
        """Start a copy of tensors of one device, of any shapes and dtypes, and don't wait for it."""
        as_bytes = [tensor.contiguous().flatten().view(torch.uint8) for tensor in tensors.values()]
        packed = torch.cat(as_bytes)
        buffer = self._take(packed.numel())
        event = self._copier.copy(packed, buffer[: packed.numel()])
        kinds = {name: (tensor.dtype, tuple(tensor.shape)) for name, tensor in tensors.items()}
        return DeviceCopy(self, buffer, event, kinds)

    def give_back(self, buffer: Tensor) -> None:
        """Let the next copy use a buffer."""
        with self._lock:
            if buffer.numel() == self._size:
                self._free.append(buffer)

    def _take(self, num_bytes: int) -> Tensor:
        """[at least num_bytes] uint8, pinned."""
        size = 1 << (num_bytes - 1).bit_length()
        with self._lock:
            if size != self._size:
                self._free, self._size = [], size
            if self._free:
                return self._free.pop()
        with torch.inference_mode(mode=False):  # what is made inside may never be copied into outside again
            return self._copier.pinned(size)


class DeviceCopy:
    """A copy of some tensors that is under way.

    Args:
        memory: where the buffer is from.
        buffer: [N] uint8, which holds the tensors, one behind the other, when the event has happened.
        event: of the copy.
        kinds: the tensors' dtypes and shapes.
    """

    def __init__(
        self,
        memory: PinnedMemory,
        buffer: Tensor,
        event: CopyEvent,
        kinds: Mapping[str, tuple[torch.dtype, tuple[int, ...]]],
    ) -> None:
        """The device was told to copy; see the class for the arguments."""
        self._memory, self._buffer, self._event, self._kinds = memory, buffer, event, kinds

    def wait(self) -> dict[str, NDArray[Any]]:
        """The tensors' values, to be read until `free`; waits for the device."""
        self._event.synchronize()
        flat, start, arrays = self._buffer.numpy(), 0, {}
        for name, (dtype, shape) in self._kinds.items():
            end = start + dtype.itemsize * int(np.prod(shape, dtype=np.int64))
            kind = str(dtype).removeprefix("torch.")
            arrays[name] = flat[start:end].view(kind).reshape(shape)
            start = end
        return arrays

    def free(self) -> None:
        """Give the buffer back, which nobody may read any more."""
        self._memory.give_back(self._buffer)
