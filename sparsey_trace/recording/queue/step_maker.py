"""From a pass that has ended to what is queued: as it is, looked at, or pending where an accelerator has its values."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from torch import Tensor

from sparsey_trace.recording.queue.device_copy import PinnedMemory, copier_for
from sparsey_trace.recording.queue.pending_step import SPARE, InputKind, PendingStep
from sparsey_trace.recording.steps.host_step import HostStep
from sparsey_trace.recording.steps.inputs import copied_inputs, dense, pack_bits
from sparsey_trace.recording.steps.step_memory import MemoryPool, kind_of
from sparsey_trace.recording.steps.unchecked_step import UncheckedStep
from sparsey_trace.recording.steps.winners import find_winners

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch
    from numpy.typing import NDArray

    from sparsey_trace.layout import Layout
    from sparsey_trace.recording.adapters.codes import Codes
    from sparsey_trace.recording.queue.step_queue import QueuedStep
    from sparsey_trace.recording.steps.step import Step
    from sparsey_trace.recording.steps.step_memory import StepMemory


class EndedPass(Protocol):
    """What was seen of a pass: see `ForwardPass`."""

    layout: Layout
    phase: str
    size: int
    inputs: dict[str, Tensor]
    memory: StepMemory | None
    codes: dict[int, Codes | None]
    values: dict[int, dict[str, Tensor]]

    def codes_by_layer(self) -> dict[int, Codes]:
        """Of the layers that ran, each in tensors of its own."""
        ...


@dataclass(kw_only=True, slots=True)
class AsItEnded:
    """What is known of a pass only as it ends.

    Attributes:
        model: the model's name, for messages.
        number: of the step in its run.
        epoch: the epoch's number.
        marks: of its samples, [B] each, by the names of `MARKS`.
        first_sample: the number of its first sample in the run, for messages.
        is_looked_at: whether it is to be known at once if it can be recorded.
    """

    model: str
    number: int
    epoch: int
    marks: dict[str, NDArray[Any] | Tensor]
    first_sample: int
    is_looked_at: bool


class StepMaker:
    """Keeps inputs, and makes steps of passes that have ended.

    Args:
        inputs: how inputs are kept, as `record` is told.
        most_bytes: of a step that others look at; a larger one is made small by its own pass.
    """

    def __init__(self, inputs: str, *, most_bytes: int) -> None:
        """No device has been seen yet; see the class for the arguments."""
        self._kind, self._is_auto = InputKind(inputs), inputs == "auto"
        self._most_bytes = most_bytes
        self._memory: PinnedMemory | None = None
        self._pool: MemoryPool | None = None

    def memory_for(self, size: int, layout: Layout | None) -> StepMemory | None:
        """What layers are to be copied into; None where a step hasn't shown yet that they can be.

        Args:
            size: B.
            layout: of the recorded steps, or None before the first.
        """
        pool = self._pool
        return pool.take(size) if pool is not None and pool.kind.layout is layout else None

    def kept_inputs(self, inputs: Tensor, memory: StepMemory | None) -> dict[str, Tensor]:
        """What a step keeps of an input as it is now, on its device: a copy, bits, or nothing.

        Bits are made where they spare the way to the host; until it is known that they will do, all is copied. Where
        other inputs may come, all is copied on the device too, for the case that these are such.

        Args:
            inputs: [B, …] of any real dtype.
            memory: where it may be copied to.

        Returns:
            What `UncheckedStep.values` has of them.
        """
        if self._kind.name == "none":
            return {}
        if self._kind.name == "binary" and copier_for(inputs.device):
            packed = dict(zip(("bits", "is_binary"), pack_bits(dense(inputs)), strict=True))
            return packed | ({SPARE: copied_inputs(inputs)} if self._is_auto else {})
        if memory is not None and inputs.is_cpu:
            return {"inputs": memory.keep_input(inputs)}
        return {"inputs": copied_inputs(inputs)}

    def make(self, ended: EndedPass, about: AsItEnded) -> QueuedStep:
        """The step; a pending one where its values would have to be waited for.

        Raises:
            RecordError: a MAC's code isn't one, or a value of the input isn't finite; where that is seen at once.
        """
        if not _is_on_host(ended, about):
            return self._from_device(ended, about)
        step = _on_host(ended, about)
        if step.memory is None and self._pool is None and (kind := kind_of(step.codes, ended.layout)):
            self._pool = MemoryPool(kind)
        if about.is_looked_at or step.nbytes > self._most_bytes:
            return step.checked(first_sample=about.first_sample)
        return step

    def _from_device(self, ended: EndedPass, about: AsItEnded) -> Step | PendingStep:
        codes = ended.codes_by_layer()
        in_order = [codes[index] for index in range(len(codes))]
        values = find_winners(in_order, ended.layout)._asdict() | ended.inputs
        values |= {name: found for name, found in about.marks.items() if isinstance(found, Tensor)}
        values |= {
            f"{index} {name}": found
            for index, by_name in ended.values.items()
            for name, found in by_name.items()
        }
        step = UncheckedStep(
            where=f"{about.model}: step {about.number}",
            number=about.number,
            layout=ended.layout,
            size=ended.size,
            values=values,
            phase=ended.phase,
            epoch=about.epoch,
            marks={name: found for name, found in about.marks.items() if not isinstance(found, Tensor)},
            time=time.time(),
        )
        on_device = [name for name, value in values.items() if copier_for(value.device)]
        if on_device:
            return PendingStep(step, on_device, self._memory_for(values[on_device[0]].device), self._kind)
        return step.read(first_sample=about.first_sample)

    def _memory_for(self, device: torch.device) -> PinnedMemory:
        if self._memory is None:
            copier = copier_for(device)
            assert copier is not None
            self._memory = PinnedMemory(copier)
        return self._memory


def _is_on_host(ended: EndedPass, about: AsItEnded) -> bool:
    """Whether all values are in the host's memory."""
    for value in ended.inputs.values():
        if not value.is_cpu:
            return False
    for mark in about.marks.values():
        if isinstance(mark, Tensor):
            return False
    if ended.values and not all(value.is_cpu for found in ended.values.values() for value in found.values()):
        return False
    return ended.memory is not None or _are_on_host(ended.codes)


def _are_on_host(codes: Mapping[int, Codes | None]) -> bool:
    tensors = [tensor for found in codes.values() for tensor in found or () if tensor is not None]
    return all(tensor.is_cpu for tensor in tensors) and not (tensors and copier_for(tensors[0].device))


def _on_host(ended: EndedPass, about: AsItEnded) -> HostStep:
    given, memory = ended.inputs.get("inputs"), ended.memory
    inputs = given if given is None else given.numpy() if memory is None else memory.input_array(given)
    nbytes = 0 if inputs is None else inputs.nbytes
    codes: list[Codes] = []
    if memory is not None:
        nbytes += memory.nbytes
    else:
        codes = [found for _, found in sorted(ended.codes.items()) if found is not None]
        nbytes += sum(cells.nbytes + (0 if active is None else active.nbytes) for cells, active in codes)
    values = _values_by_layer(ended) if ended.values else {}
    for by_layer in values.values():
        nbytes += sum(found.nbytes for found in by_layer if found is not None)
    marks = {}
    for name, found in about.marks.items():
        if not isinstance(found, Tensor):
            marks[name] = found
            nbytes += found.nbytes
    return HostStep(
        model=about.model,
        number=about.number,
        layout=ended.layout,
        size=ended.size,
        memory=memory,
        codes=codes,
        inputs=inputs,
        phase=ended.phase,
        epoch=about.epoch,
        marks=marks,
        time=time.time(),
        values=values,
        nbytes=nbytes,
    )


def _values_by_layer(ended: EndedPass) -> dict[str, list[NDArray[Any] | None]]:
    """By name, what each layer has of it."""
    layers = range(len(ended.codes))
    return {
        name: [
            None if found is None else found.numpy()
            for found in (ended.values.get(index, {}).get(name) for index in layers)
        ]
        for name in dict.fromkeys(name for found in ended.values.values() for name in found)
    }
