"""A step whose values are still on an accelerator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sparsey_trace.trace.format.inputs import kind_of

if TYPE_CHECKING:
    from sparsey_trace.recording.queue.device_copy import DeviceCopy, PinnedMemory
    from sparsey_trace.recording.steps.step import Step
    from sparsey_trace.recording.steps.unchecked_step import UncheckedStep


SPARE = "spare"
"""Of the values of a step: the whole input, which is fetched from the device only where bits don't say it."""


@dataclass
class InputKind:
    """How inputs are kept: `auto` until a step has shown it. The writer thread tells the thread that trains."""

    name: str


class PendingStep:
    """A step whose values come from an accelerator to the host while training goes on.

    Args:
        step: with values on the device, that are taken from it.
        on_device: the names of these.
        memory: where they are copied to.
        kind: learns how inputs are kept.

    Attributes:
        number: of the step.
        layout: the model.
        size: B.
        nbytes: that its values hold in memory.
    """

    def __init__(
        self, step: UncheckedStep, on_device: list[str], memory: PinnedMemory, kind: InputKind
    ) -> None:
        """Nothing is copied yet; see the class for the arguments."""
        self.number, self.layout, self.size = step.number, step.layout, step.size
        self.nbytes = sum(value.nbytes for value in step.values.values())
        self._step, self._memory, self._kind = step, memory, kind
        self._spare = step.values.pop(SPARE, None)
        self._on_device = {name: step.values.pop(name) for name in on_device if name != SPARE}
        self._copy: DeviceCopy | None = None

    def start_copy(self) -> None:
        """Start the copy; called by the thread that trains, which waits for nothing."""
        self._copy, self._on_device = self._memory.start_copy(self._on_device), {}

    def wait(self, *, first_sample: int) -> Step:
        """The step, valid until `free`; called by the writer thread, which waits for the device.

        Args:
            first_sample: the number of its first sample in the run, for messages.

        Raises:
            RecordError: a MAC's code isn't one, or a value of the input isn't finite.
            DataError: the input isn't binary, and has to be.
        """
        assert self._copy is not None
        on_host = {name: value.numpy() for name, value in self._step.values.items()}
        arrays = on_host | self._copy.wait()
        if self._spare is not None and not arrays["is_binary"]:
            arrays["inputs"] = self._spare.cpu().numpy()
            self._kind.name = "auto"
        self._spare = None
        step = self._step.checked(arrays, first_sample=first_sample)
        if self._kind.name == "auto":
            self._kind.name = kind_of(step.inputs)
        return step

    def free(self) -> None:
        """Let the next step have the memory."""
        if self._copy is not None:
            self._copy.free()
