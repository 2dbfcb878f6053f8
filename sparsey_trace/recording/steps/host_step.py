"""A pass whose values are in the host's memory as its layers left them, and nobody looked at them yet."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.recording.steps.checks import check_codes
from sparsey_trace.recording.steps.inputs import checked_inputs
from sparsey_trace.recording.steps.step import Step
from sparsey_trace.recording.steps.step_memory import joined
from sparsey_trace.recording.steps.winners import dtype_of, winners_of_joined, winners_of_steps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sparsey_trace.layout import Layout
    from sparsey_trace.recording.adapters.codes import Codes
    from sparsey_trace.recording.steps.step_memory import StepMemory
    from sparsey_trace.recording.steps.winners import Winners


@dataclass(kw_only=True, eq=False, slots=True)  # not frozen, which takes four times as long to make
class HostStep:
    """What one forward pass over B samples left behind, in memory of its own.

    What each call costs is the same for a sample as for hundreds, so small steps are looked at many at a time.

    Attributes:
        model: the model's name, for messages.
        number: of the step in its run.
        layout: the model.
        size: B.
        memory: what the layers put out; or None, where they are of several kinds:
        codes: of each layer.
        inputs: [B, …], or None where they aren't kept.
        phase: `train` or `eval`.
        epoch: the epoch's number.
        marks: what is known of each sample, [B] whole numbers each, by the names of `MARKS`.
        time: seconds since 1970-01-01 UTC.
        values: further values of MACs: a name to [B, M] for each layer, or None where a layer has none.
        nbytes: that the values hold in memory.
    """

    model: str
    number: int
    layout: Layout
    size: int
    memory: StepMemory | None
    codes: list[Codes]
    inputs: NDArray[Any] | None
    phase: str
    epoch: int
    marks: dict[str, NDArray[Any]]
    time: float
    values: dict[str, list[NDArray[Any] | None]]
    nbytes: int

    @property
    def kinds(self) -> tuple[Any, ...]:
        """What is the same of steps that can be looked at together."""
        inputs = None if self.inputs is None else (self.inputs.dtype, self.inputs.shape)
        if self.memory is not None and not self.values:
            return (self.size, inputs, self.memory.kind.is_marks)
        return (
            self.size,
            inputs,
            self.memory is None or self.memory.kind.is_marks,
            [(found.cells.dtype, found.active is None) for found in self.codes],
            {name: [value is None for value in by_layer] for name, by_layer in self.values.items()},
        )

    def free(self) -> None:
        """Let another pass have the memory."""
        if self.memory is not None:
            self.memory.free()

    def checked(self, *, first_sample: int) -> Step:
        """The step, when its winners are found; its memory is free then, but for the input, which the step has.

        Args:
            first_sample: the number of its first sample in the run, for messages.

        Raises:
            RecordError: a MAC's code isn't one, or a value of the input isn't finite.
        """
        inputs, winners = looked_at([self], first_sample=first_sample)
        release = None
        if self.memory is not None and (kept := self.memory.hand_over_input()) is not None:
            release = partial(self.memory.pool.give_back_input, kept)
        self.free()
        return Step(
            number=self.number,
            layout=self.layout,
            size=self.size,
            winners=winners_as_numbers(winners),
            active=winners.states.numpy().view(np.bool_),
            inputs=inputs,
            phase=self.phase,
            epoch=self.epoch,
            marks=self.marks,
            time=self.time,
            values=self.values,
            release=release,
        )


def looked_at(steps: Sequence[HostStep], *, first_sample: int) -> tuple[NDArray[Any] | None, Winners]:
    """The inputs, [samples, D], and the winners of steps that are alike.

    Winners of steps with a memory are by step, then layer; else by layer, then step. Of a single step this can be done
    only once, as its memory is written over.

    Args:
        steps: all of the same `kinds`.
        first_sample: the number of the first one's first sample in the run, for messages.

    Raises:
        RecordError: a value of an input isn't finite, or a MAC's code isn't one; the message names the first step.
    """
    first = steps[0]
    where = f"{first.model}: step {first.number}"
    # The input first: where a nan in it is why there is no winner, it is the input that is told of.
    inputs = None
    if first.inputs is not None:
        found = [step.inputs for step in steps if step.inputs is not None]
        joined = found[0] if len(found) == 1 else np.concatenate(found)
        inputs = checked_inputs(joined, where=where, first_sample=first_sample)
    winners = _winners(steps, first.layout)
    check_codes(winners.states.numpy(), first.layout, where=where, first_sample=first_sample)
    return inputs, winners


def _winners(steps: Sequence[HostStep], layout: Layout) -> Winners:
    memories = [step.memory for step in steps if step.memory is not None]
    if not memories:
        return winners_of_steps(list(zip(*(step.codes for step in steps), strict=True)), layout)
    cells, active = joined(memories)
    first = layout.layers[0]
    return winners_of_joined(cells, active, first.num_cms, first.num_neurons, dtype_of(layout))


def winners_as_numbers(winners: Winners) -> NDArray[Any]:
    """The winners' numbers as `Step.winners` has them."""
    numbers: NDArray[Any] = winners.numbers.numpy()
    return numbers.view(f"u{numbers.itemsize}")
