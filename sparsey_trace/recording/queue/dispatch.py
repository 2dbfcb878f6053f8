"""What becomes of a pass that has ended: a step at once, or a shipment where its values are on an accelerator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from sparsey_trace.recording.queue.device_copy import Harbour, lane_from
from sparsey_trace.recording.queue.pending_step import Draft, InputKind, Shipment
from sparsey_trace.recording.steps.winners import pack_bits

if TYPE_CHECKING:
    from sparsey_trace.recording.steps.step import Step


class Dispatch:
    """Keeps inputs, and sends drafts on their way.

    Args:
        inputs: how inputs are kept, as `record` is told.
    """

    def __init__(self, inputs: str) -> None:
        """Nothing is known of devices yet."""
        self._kind = InputKind(inputs)
        self._harbour: Harbour | None = None

    def kept(self, inputs: Tensor) -> dict[str, Tensor]:
        """What a draft keeps of an input as it is now, on its device: a copy, bits, or nothing.

        Bits are made where they spare the way to the host; until it is known that they will do, all is sent.
        """
        if self._kind.name == "none":
            return {}
        if self._kind.name == "binary" and lane_from(inputs.device):
            return dict(zip(("bits", "is_binary"), pack_bits(inputs.detach()), strict=True))
        return {"inputs": copied(inputs)}

    def finish(self, draft: Draft, *, first_sample: int) -> Step | Shipment:
        """The draft's step, or a shipment that brings it later.

        Raises:
            RecordError: a MAC's code isn't one, or a value of the input isn't finite; where that is seen at once.
        """
        away = [name for name, value in draft.values.items() if lane_from(value.device)]
        if away:
            return Shipment(draft, away, self._harbour_at(draft.values[away[0]].device), self._kind)
        return draft.read(first_sample=first_sample)

    def _harbour_at(self, device: torch.device) -> Harbour:
        if self._harbour is None:
            lane = lane_from(device)
            assert lane is not None
            self._harbour = Harbour(lane)
        return self._harbour


def copied(inputs: Tensor) -> Tensor:
    """An input as it is now, on its own device; floats as float32, which is what a trace keeps."""
    dtype = torch.float32 if inputs.is_floating_point() else inputs.dtype
    return inputs.detach().to(dtype, copy=True)
