"""From a pass that has ended to what is queued: a step, or a pending one where its values are on an accelerator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparsey_trace.recording.queue.device_copy import PinnedMemory, copier_for
from sparsey_trace.recording.queue.pending_step import InputKind, PendingStep
from sparsey_trace.recording.steps.inputs import copied_inputs, dense, pack_bits

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from sparsey_trace.recording.steps.step import Step
    from sparsey_trace.recording.steps.unchecked_step import UncheckedStep


class StepMaker:
    """Keeps inputs, and makes steps of passes that have ended.

    Args:
        inputs: how inputs are kept, as `record` is told.
    """

    def __init__(self, inputs: str) -> None:
        """No device has been seen yet; see the class for the arguments."""
        self._kind = InputKind(inputs)
        self._memory: PinnedMemory | None = None

    def kept_inputs(self, inputs: Tensor) -> dict[str, Tensor]:
        """What a step keeps of an input as it is now, on its device: a copy, bits, or nothing.

        Bits are made where they spare the way to the host; until it is known that they will do, all is copied.

        Args:
            inputs: [B, …] of any real dtype.

        Returns:
            What `UncheckedStep.values` has of them.
        """
        if self._kind.name == "none":
            return {}
        if self._kind.name == "binary" and copier_for(inputs.device):
            return dict(zip(("bits", "is_binary"), pack_bits(dense(inputs)), strict=True))
        return {"inputs": copied_inputs(inputs)}

    def make(self, step: UncheckedStep, *, first_sample: int) -> Step | PendingStep:
        """The step, or a pending one where its values would have to be waited for.

        Raises:
            RecordError: a MAC's code isn't one, or a value of the input isn't finite; where that is seen at once.
        """
        on_device = [name for name, value in step.values.items() if copier_for(value.device)]
        if on_device:
            return PendingStep(
                step, on_device, self._memory_for(step.values[on_device[0]].device), self._kind
            )
        return step.read(first_sample=first_sample)

    def _memory_for(self, device: torch.device) -> PinnedMemory:
        if self._memory is None:
            copier = copier_for(device)
            assert copier is not None
            self._memory = PinnedMemory(copier)
        return self._memory
