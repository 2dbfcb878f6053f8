"""A pass that has ended, before anybody looked at its values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.errors import DataError
from sparsey_trace.layout import MARKS
from sparsey_trace.recording.steps.checks import check_codes
from sparsey_trace.recording.steps.inputs import checked_inputs
from sparsey_trace.recording.steps.step import Step

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from torch import Tensor

    from sparsey_trace.layout import Layout


@dataclass(frozen=True, kw_only=True, eq=False)
class UncheckedStep:
    """A step whose values are as the pass left them, on any device, and may yet turn out wrong.

    Attributes:
        where: the model and the step, for messages.
        number: of the step in its run.
        layout: the model.
        size: B.
        values: `numbers` and `states` as in `Winners`; the input, where it is kept, as `inputs` [B, …], or as
            `bits` and `is_binary` as `pack_bits` makes them; marks by the names of `MARKS`, where they are on a
            device; and further values of layers, [B, M] each, as `0 familiarity`.
        phase: `train` or `eval`.
        epoch: the epoch's number.
        marks: other marks of the samples, [B] whole numbers each, by the names of `MARKS`.
        time: seconds since 1970-01-01 UTC.
    """

    where: str
    number: int
    layout: Layout
    size: int
    values: dict[str, Tensor]
    phase: str
    epoch: int
    marks: dict[str, NDArray[Any]]
    time: float

    def read(self, *, first_sample: int) -> Step:
        """The step, waiting for the device where the values are on one.

        Raises:
            RecordError: a MAC's code isn't one, or a value of the input isn't finite.
        """
        arrays = {name: value.cpu().numpy() for name, value in self.values.items()}
        return self.checked(arrays, first_sample=first_sample)

    def checked(self, arrays: Mapping[str, NDArray[Any]], *, first_sample: int) -> Step:
        """The step.

        Args:
            arrays: the values, in the host's memory.
            first_sample: the number of the step's first sample in the run, for messages.

        Raises:
            RecordError: a MAC's code isn't one, or a value of the input isn't finite.
            DataError: the input isn't binary, and has to be.
        """
        # The input first: where a nan in it is why there is no winner, it is the input that is told of.
        inputs = self._inputs(arrays, first_sample)
        check_codes(arrays["states"], self.layout, where=self.where, first_sample=first_sample)
        numbers = arrays["numbers"]
        return Step(
            number=self.number,
            layout=self.layout,
            size=self.size,
            winners=numbers.view(f"u{numbers.itemsize}"),
            active=arrays["states"].view(np.bool_),
            inputs=inputs,
            phase=self.phase,
            epoch=self.epoch,
            marks=self.marks | {name: arrays[name] for name in MARKS if name in arrays},
            time=self.time,
            values=self._values(arrays),
        )

    def _values(self, arrays: Mapping[str, NDArray[Any]]) -> dict[str, list[NDArray[Any] | None]]:
        """By name, what each layer has of it."""
        found: dict[str, list[NDArray[Any] | None]] = {}
        for key, array in arrays.items():
            index, _, name = key.partition(" ")
            if name:
                found.setdefault(name, [None] * len(self.layout.layers))[int(index)] = array
        return found

    def _inputs(self, arrays: Mapping[str, NDArray[Any]], first_sample: int) -> NDArray[Any] | None:
        """[B, D], or None where they aren't kept."""
        if "inputs" in arrays:
            return checked_inputs(arrays["inputs"], where=self.where, first_sample=first_sample)
        if "bits" not in arrays:
            return None
        if not arrays["is_binary"]:
            msg = (
                f"step {self.number}: inputs: expected zeros and ones, as inputs='binary' keeps, found other values; "
                "record with inputs='auto' to keep all"
            )
            raise DataError(msg)
        return np.unpackbits(arrays["bits"], axis=-1, count=self.layout.num_features).view(np.bool_)
