"""What a pass left on its device, on its way to be a step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.errors import DataError
from sparsey_trace.recording.steps.checks import check_codes, checked_inputs
from sparsey_trace.recording.steps.step import Step
from sparsey_trace.trace.format.encode import kind_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from torch import Tensor

    from sparsey_trace.layout import Layout
    from sparsey_trace.recording.queue.device_copy import Cargo, Harbour


@dataclass
class InputKind:
    """How inputs are kept: `auto` until a step has shown it. The writer thread tells the thread that trains."""

    name: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Draft:
    """A pass that has ended, whose values nobody has looked at yet.

    Attributes:
        where: the model and the step, for messages.
        values: `numbers` and `states` as in `Winners`; the input, where it is kept, as `inputs` [B, …], or as
            `bits` and `is_binary` as `pack_bits` makes them; the labels as `labels` [B], where they are on a device.
        labels: [B] whole numbers, or None where there are none here.
    """

    where: str
    number: int
    layout: Layout
    size: int
    values: dict[str, Tensor]
    phase: str
    epoch: int
    labels: NDArray[Any] | None
    time: float

    def read(self, *, first_sample: int) -> Step:
        """The step, waiting for the device where the values are on one.

        Raises:
            RecordError: a MAC's code isn't one, or a value of the input isn't finite.
        """
        found = {name: value.cpu().numpy() for name, value in self.values.items()}
        return self.step(found, first_sample=first_sample)

    def step(self, found: Mapping[str, NDArray[Any]], *, first_sample: int) -> Step:
        """The step, of what is found in the values.

        Raises:
            RecordError: a MAC's code isn't one, or a value of the input isn't finite.
            DataError: the input isn't binary, and has to be.
        """
        check_codes(found["states"], self.layout, where=self.where, first_sample=first_sample)
        numbers = found["numbers"]
        return Step(
            number=self.number,
            layout=self.layout,
            size=self.size,
            winners=numbers.view(np.uint16) if numbers.itemsize == 2 else numbers,
            active=found["states"].view(np.bool_),
            inputs=self._inputs(found, first_sample),
            phase=self.phase,
            epoch=self.epoch,
            labels=found.get("labels", self.labels),
            time=self.time,
        )

    def _inputs(self, found: Mapping[str, NDArray[Any]], first_sample: int) -> NDArray[Any] | None:
        if "inputs" in found:
            return checked_inputs(found["inputs"], where=self.where, first_sample=first_sample)
        if "bits" not in found:
            return None
        if not found["is_binary"]:
            msg = (
                f"step {self.number}: inputs: expected zeros and ones, as in the trace's first step, found other "
                "values; record with inputs='float32' to keep real values"
            )
            raise DataError(msg)
        return np.unpackbits(found["bits"], axis=-1, count=self.layout.num_features).view(np.bool_)


class Shipment:
    """A draft whose values are on an accelerator, and come to the host while training goes on.

    Args:
        draft: what is shipped.
        away: the names of the values that aren't in the host's memory.
        harbour: where they arrive.
        kind: learns how inputs are kept.

    Attributes:
        number: of the step.
        layout: the model.
        size: B.
        nbytes: that its values hold in memory.
    """

    def __init__(self, draft: Draft, away: list[str], harbour: Harbour, kind: InputKind) -> None:
        """Nothing moves yet; see the class for the arguments."""
        self.number, self.layout, self.size = draft.number, draft.layout, draft.size
        self.nbytes = sum(value.nbytes for value in draft.values.values())
        self._draft, self._harbour, self._kind = draft, harbour, kind
        self._away = {name: draft.values.pop(name) for name in away}
        self._cargo: Cargo | None = None

    def depart(self) -> None:
        """Start the copy; called by the thread that trains, which waits for nothing."""
        self._cargo, self._away = self._harbour.send(self._away), {}

    def arrive(self, *, first_sample: int) -> Step:
        """The step, valid until `free`; called by the writer thread, which waits for the device.

        Raises:
            RecordError: a MAC's code isn't one, or a value of the input isn't finite.
            DataError: the input isn't binary, and has to be.
        """
        assert self._cargo is not None
        found = {name: value.numpy() for name, value in self._draft.values.items()}
        step = self._draft.step(found | self._cargo.unload(), first_sample=first_sample)
        if self._kind.name == "auto":
            self._kind.name = kind_of(step.inputs)
        return step

    def free(self) -> None:
        """Let the next shipment have the memory."""
        if self._cargo is not None:
            self._cargo.free()
