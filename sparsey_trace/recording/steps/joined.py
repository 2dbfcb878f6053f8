"""Steps that are alike, end to end, so that what a call costs is paid once for all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from sparsey_trace.recording.steps.step import Step


def alike(steps: Iterable[Step]) -> Iterator[list[Step]]:
    """Runs of steps that can be joined: of as many samples, and of values of the same kinds."""
    run: list[Step] = []
    for step in steps:
        if run and _kinds(step) != _kinds(run[-1]):
            yield run
            run = []
        run.append(step)
    if run:
        yield run


def joined(steps: Sequence[Step]) -> dict[str, Any]:
    """What `TraceWriter.append_steps` takes of steps that are alike."""
    first, sizes = steps[0], [step.size for step in steps]
    inputs = None if first.inputs is None else _end_to_end([step.inputs for step in steps])
    return {
        "steps": [_about(step) for step in steps],
        "sizes": sizes,
        "inputs": inputs,
        "codes": _by_layer([step.winners_by_layer() for step in steps]),
        "active": _by_layer([step.active_by_layer() for step in steps]),
        "values": {name: _by_layer([step.values[name] for step in steps]) for name in first.values},
    }


def _kinds(step: Step) -> tuple[Any, ...]:
    """What has to be the same for steps to be alike."""
    inputs = step.inputs
    return (
        step.size,
        step.winners.dtype,
        None if inputs is None else (inputs.dtype, inputs.shape[1:]),
        {name: [value is None for value in by_layer] for name, by_layer in step.values.items()},
    )


def _about(step: Step) -> dict[str, Any]:
    about = {"step": step.number, "epoch": step.epoch, "phase": step.phase, "time": step.time}
    return about | step.marks


def _by_layer(found: Sequence[Sequence[NDArray[Any] | None]]) -> list[NDArray[Any] | None]:
    """Of each layer the values of all steps; None where it has none."""
    return [None if of[0] is None else _end_to_end(of) for of in zip(*found, strict=True)]


def _end_to_end(arrays: Sequence[Any]) -> NDArray[Any]:
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)
