"""The demo: train a small Sparsey on real digits, and record it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, NamedTuple

import torch

from sparsey_trace.demo.configurations import DIGITS, MNIST
from sparsey_trace.demo.data import LabelledImages, load_digits, load_mnist
from sparsey_trace.demo.model import Sparsey, SparseyConfig
from sparsey_trace.demo.schedule import Schedule
from sparsey_trace.errors import UsageError
from sparsey_trace.recording import record
from sparsey_trace.support.suggest import unknown

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Demo(NamedTuple):
    """A data set, and the model that suits it."""

    load: Callable[[], LabelledImages]
    model: SparseyConfig


DEMOS = {"digits": Demo(load_digits, DIGITS), "mnist": Demo(load_mnist, MNIST)}
"""The demos there are, by the name of their data set."""


def run_demo(
    path: str | Path,
    *,
    dataset: str = "digits",
    epochs: int = 2,
    samples: int | None = None,
    batch_size: int = 8,
    seed: int = 0,
    on_step: Callable[[int, int], None] | None = None,
) -> Path:
    """Train the data set's Sparsey, with an evaluation after each epoch, and record all of it.

    The same arguments give the same codes, bit for bit, on the same machine; see `Schedule` for what is
    trained on and what is evaluated.

    Args:
        path: where the trace goes.
        dataset: a name in `DEMOS`: "digits" (8x8, three layers) or "mnist" (28x28, three layers).
        epochs: how often each training input is shown.
        samples: how many different inputs to use, or None for all.
        batch_size: inputs a step.
        seed: of the model and of the order of inputs.
        on_step: called after each step with the steps done and the steps in all.

    Returns:
        Where the trace is.

    Raises:
        UsageError: there is no such data set, or a number is out of range.
        RecordError: the package that the data set comes with isn't installed, or the trace can't be written any more.
        TraceError: the trace exists, or can't be made there.
    """
    demo = _demo(dataset)
    data = demo.load()
    schedule = Schedule(len(data), samples=samples, epochs=epochs, batch_size=batch_size, seed=seed)
    model = Sparsey(demo.model, seed=seed)
    images = torch.from_numpy(data.inputs).float()
    numbers = {"epochs": epochs, "samples": schedule.samples, "batch_size": batch_size, "seed": seed}
    config = {"dataset": dataset, **numbers, "model": asdict(demo.model)}
    values = {"familiarity": lambda layer, _: layer.familiarity}
    with record(model, path, config=config, values=values, on_error="raise") as recorder:
        for done, step in enumerate(schedule, start=1):
            recorder.epoch, recorder.ids = step.epoch, step.samples
            recorder.labels = data.labels[step.samples]
            model.train(step.training)
            model(images[step.samples])
            if on_step is not None:
                on_step(done, len(schedule))
    return recorder.path


def _demo(name: str) -> Demo:
    if name not in DEMOS:
        raise UsageError(unknown("dataset", name, DEMOS))
    return DEMOS[name]
