"""Passes in which each layer runs several times: every call is a moment, with samples of its own."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from sparsey_trace.errors import RecordError
from sparsey_trace.recording.adapters.codes import Codes
from sparsey_trace.recording.forward_pass import ForwardPass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sparsey_trace.recording.adapters.base import ModelLayer
    from sparsey_trace.recording.forward_pass import Marks


@dataclass(kw_only=True, slots=True)
class PassOfMoments(ForwardPass):
    """A forward pass under way whose layers may run several times.

    It is one of B samples until `join` makes it one of B samples for each call: first all those of the first call.

    Attributes:
        calls: by number, of the layers that ran so far, the codes of each call.
        values_of_calls: likewise, further values of their MACs.
    """

    calls: dict[int, list[Codes]] = field(default_factory=dict)
    values_of_calls: dict[int, list[dict[str, Tensor]]] = field(default_factory=dict)

    def take(self, index: int, codes: Codes, values: dict[str, Tensor] | None) -> None:
        """Copy what a layer has put out in one more call."""
        self.codes[index] = copied = codes.copied()
        self.calls.setdefault(index, []).append(copied)
        if values is not None:
            self.values_of_calls.setdefault(index, []).append(values)

    def check_calls(self, layers: Sequence[ModelLayer]) -> None:
        """See that all layers that are recorded ran equally often, and that there is an input for each call.

        Raises:
            RecordError: they didn't, or there isn't.
        """
        counts = {layer.name: len(self.calls[index]) for index, layer in enumerate(layers)}
        if len(set(counts.values())) > 1:
            found = ", ".join(f"{count} of {name}" for name, count in counts.items())
            msg = (
                f"{self.where}: expected as many calls of each recorded layer, as calls='each' makes each a moment, "
                f"found {found}; record those that go together: record(…, layers=[…])"
            )
            raise RecordError(msg)
        num_calls = self._num_calls
        if self.num_inputs not in (1, num_calls):
            msg = f"{self.where}: input: expected one, or one for each of {num_calls} calls, found {self.num_inputs}"
            raise RecordError(msg)

    def join(self, marks: Marks) -> Marks:
        """Become a pass over the samples of all calls.

        Args:
            marks: [B] each, by the names of `MARKS`.

        Returns:
            Those of all samples, with the calls' numbers as `moment`.
        """
        num_calls, size = self._num_calls, self.size
        self.size *= num_calls
        self.codes = {index: _end_to_end(found) for index, found in self.calls.items()}
        self.values = {index: _each_end_to_end(found) for index, found in self.values_of_calls.items()}
        if self.num_inputs == 1:
            self.inputs = {
                name: value if name == "is_binary" else value.repeat(num_calls, *[1] * (value.dim() - 1))
                for name, value in self.inputs.items()
            }
        repeated = {
            name: found.repeat(num_calls) if isinstance(found, Tensor) else np.tile(found, num_calls)
            for name, found in marks.items()
        }
        return repeated | {"moment": np.repeat(np.arange(num_calls), size)}

    @property
    def _num_calls(self) -> int:
        return len(next(iter(self.calls.values())))


def _end_to_end(calls: Sequence[Codes]) -> Codes:
    """The codes of several calls of one layer, [calls * B, …]."""
    active = [found.active for found in calls if found.active is not None]
    return Codes(torch.cat([found.cells for found in calls]), torch.cat(active) if active else None)


def _each_end_to_end(calls: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """The values of several calls of one layer, [calls * B, M] each; nan of calls that have none."""
    any_of = {name: value for found in calls for name, value in found.items()}
    return {
        name: torch.cat([found.get(name, torch.full_like(value, math.nan)) for found in calls])
        for name, value in any_of.items()
    }
