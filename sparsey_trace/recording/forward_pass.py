"""A forward pass under way, between its hooks, and what has to hold of it."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sparsey_trace.errors import RecordError
from sparsey_trace.recording.model.wrappers import compile_hint

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch
    from numpy.typing import NDArray
    from torch import Tensor

    from sparsey_trace.layout import Layout
    from sparsey_trace.recording.adapters.base import ModelLayer
    from sparsey_trace.recording.adapters.codes import Codes
    from sparsey_trace.recording.steps.step_memory import StepMemory


Marks = dict[str, "NDArray[Any] | Tensor"]
"""What is known of each sample, [B] whole numbers each, by the names of `MARKS`."""


@dataclass(kw_only=True, slots=True)
class ForwardPass:
    """A forward pass under way: what was seen of it so far.

    Attributes:
        where: the model and the step, for messages.
        layout: the model.
        phase: `train` or `eval`.
        size: B.
        inputs: what the step keeps of the input, as in `UncheckedStep.values`.
        marks: what the user set as the marks of its samples, by the names of `MARKS`.
        given: the input itself, to see whether the model got another one.
        num_inputs: how many there are in it, end to end; 1 but where each call of a layer has one.
        memory: what is copied of the layers that ran so far; None where that is a tensor for each:
        codes: by number, of these layers; None of those that are in the memory.
        values: by number, of these layers, further values of their MACs, by name.
    """

    where: str
    layout: Layout
    phase: str
    size: int
    inputs: dict[str, Tensor]
    marks: dict[str, Any]
    given: Tensor
    num_inputs: int = 1
    memory: StepMemory | None = None
    codes: dict[int, Codes | None] = field(default_factory=dict)
    values: dict[int, dict[str, Tensor]] = field(default_factory=dict)

    def take(self, index: int, codes: Codes, values: dict[str, Tensor] | None) -> None:
        """Copy what a layer has put out, and have the further values of its MACs, where any are read."""
        if values is not None:
            self.values[index] = values
        if self.memory is not None and self.memory.keep(index, codes):
            self.codes[index] = None
        else:  # it doesn't fit the memory
            self.codes = {**self.codes_by_layer(), index: codes.copied()}
            self.memory = None

    def take_again(self, index: int, output: Tensor, active: Any) -> bool:
        """Copy what a layer has put out that is read as it is, where all is as in passes before; whether it was."""
        memory = self.memory
        if memory is None or index != len(self.codes) or not memory.keep_again(index, output, active):
            return False
        self.codes[index] = None
        return True

    def check_calls(self, layers: Sequence[ModelLayer]) -> None:
        """See that how often the layers ran makes one sample of each that came in; it does, here."""

    def join(self, marks: Marks) -> Marks:
        """Become a pass over all its samples, as which it was begun, here; the marks of these."""
        return marks

    def codes_by_layer(self) -> dict[int, Codes]:
        """Of the layers that ran, each in tensors of its own."""
        if self.memory is not None:
            return {index: self.memory.taken_out(index) for index in self.codes}
        return {index: found for index, found in self.codes.items() if found is not None}


class SkippedPass:
    """A forward pass under way that sampling leaves out."""


class UncountedPass:
    """A forward pass under way that is no step: paused, or run by torch to trace or to transform the model."""


class RefusedPass:
    """A forward pass under way that can't be recorded, as was told already."""


AnyPass = ForwardPass | SkippedPass | UncountedPass | RefusedPass


class CurrentPass(threading.local):
    """What a thread knows of its own pass.

    Attributes:
        under_way: the pass; None where there is none, or it was given up.
        is_redirected: whether a call of the model leads to other code than its forward.
        handled: what the model's caller was handling when the pass began.
        is_ending: whether the pass ran to its end, and becomes a step.
        is_given_up: whether the pass under way can't be recorded any more, as an error said, or a pass inside of it.
        saw_all_hooks: whether all other hooks were called before ours as the pass began.
    """

    under_way: AnyPass | None = None
    is_redirected = False
    handled: BaseException | None = None
    is_ending = False
    is_given_up = False
    saw_all_hooks = True


def check_num_features(shape: torch.Size, layout: Layout, *, where: str) -> None:
    """See that an input of a shape, batch first, has as many features a sample as the first step's.

    Raises:
        RecordError: it hasn't.
    """
    num_features = math.prod(shape[1:])
    if num_features != layout.num_features:
        msg = (
            f"{where}: input: expected {layout.num_features} features a sample, as in the first step, "
            f"found {num_features} (shape {list(shape)})"
        )
        raise RecordError(msg)


def check_order(layers: Sequence[ModelLayer], under_way: ForwardPass, index: int) -> None:
    """See that it was the turn of a layer that ran, where each may run once.

    Args:
        layers: that are recorded, lowest first.
        under_way: the pass.
        index: which of the layers ran.

    Raises:
        RecordError: another was due.
    """
    due = len(under_way.codes)
    if index < due:
        msg = (
            f"{under_way.where}: {layers[index].name}: expected one call in a forward pass, found a second; "
            "record(…, calls='last') keeps what the last one left, calls='each' what each did"
        )
        raise RecordError(msg)
    if index > due:
        msg = (
            f"{under_way.where}: expected {layers[due].name} to run before {layers[index].name}, found that it "
            f"didn't: a forward pass has to run every recorded layer once, lowest first{compile_hint()}"
        )
        raise RecordError(msg)


def check_num_samples(codes: Codes, under_way: ForwardPass, name: str) -> None:
    """See that the layer of this name has put out as many samples as came in.

    Raises:
        RecordError: it hasn't.
    """
    if codes.size != under_way.size:
        msg = (
            f"{under_way.where}: {name}: expected an output for each of the input's {under_way.size} samples, "
            f"found {codes.size}; where samples aren't the first axis, functions put axes in order: "
            "record(…, input=…) the input's, WinnerTakeAll(…, output=…) the output's"
        )
        raise RecordError(msg)


def check_all_ran(layers: Sequence[ModelLayer], under_way: ForwardPass) -> None:
    """See that every layer that is recorded has run.

    Raises:
        RecordError: one hasn't.
    """
    if len(under_way.codes) < len(layers):
        missing = ", ".join(layer.name for index, layer in enumerate(layers) if index not in under_way.codes)
        msg = (
            f"{under_way.where}: expected every recorded layer to run in a forward pass, found that these didn't: "
            f"{missing} (layers can't be seen that run in another thread, as under DataParallel, or by a method other "
            f"than forward, such as encode{compile_hint()})"
        )
        raise RecordError(msg)
