"""Steps that are alike, end to end, so that what a call costs is paid once for all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.recording.steps.host_step import HostStep, looked_at, winners_as_numbers
from sparsey_trace.recording.steps.step import Step, active_by_layer, winners_by_layer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

AnyStep = Step | HostStep


def alike(steps: Iterable[AnyStep]) -> Iterator[list[AnyStep]]:
    """Runs of steps that can be joined: of as many samples, and of values of the same kinds."""
    run: list[AnyStep] = []
    kinds: object = None
    for step in steps:
        found = (type(step), step.kinds)
        if run and found != kinds:
            yield run
            run = []
        kinds = found
        run.append(step)
    if run:
        yield run


def joined(steps: Sequence[AnyStep], *, first_sample: int) -> dict[str, Any]:
    """What `TraceWriter.append_steps` takes of steps that are alike.

    Args:
        steps: a run of `alike`.
        first_sample: the number of the first one's first sample in the run, for messages.

    Raises:
        RecordError: nobody has looked at them yet, and something is wrong; the message names the first one.
    """
    values = {name: _by_layer([step.values[name] for step in steps]) for name in steps[0].values}
    return {
        "steps": [_about(step) for step in steps],
        "sizes": [step.size for step in steps],
        **(_of_host_steps if isinstance(steps[0], HostStep) else _of_steps)(steps, first_sample),
        "values": values,
    }


def _of_steps(steps: Sequence[Any], _: int) -> dict[str, Any]:
    inputs = None if steps[0].inputs is None else _end_to_end([step.inputs for step in steps])
    return {
        "inputs": inputs,
        "codes": _by_layer([step.winners_by_layer() for step in steps]),
        "active": _by_layer([step.active_by_layer() for step in steps]),
    }


def _of_host_steps(steps: Sequence[Any], first_sample: int) -> dict[str, Any]:
    inputs, winners = looked_at(steps, first_sample=first_sample)
    layout, size, count = steps[0].layout, steps[0].size, len(steps)
    if steps[0].memory is None:  # by layer, then step
        size, count = size * count, 1
    flags = winners.states.numpy().view(np.bool_)
    return {
        "inputs": inputs,
        "codes": winners_by_layer(winners_as_numbers(winners), layout, size, num_steps=count),
        "active": active_by_layer(flags, layout, size, num_steps=count),
    }


def _about(step: AnyStep) -> dict[str, Any]:
    return {
        "step": step.number,
        "epoch": step.epoch,
        "phase": step.phase,
        "time": step.time,
        **step.marks,
    }


def _by_layer(found: Sequence[Sequence[NDArray[Any] | None]]) -> list[NDArray[Any] | None]:
    """Of each layer the values of all steps; None where it has none."""
    return [None if of[0] is None else _end_to_end(of) for of in zip(*found, strict=True)]


def _end_to_end(arrays: Sequence[Any]) -> NDArray[Any]:
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)
