"""A study of storage capacity: a single MAC learns ever more random inputs, and is asked for them again.

After the storage capacity study on sparsey.com, in size: inputs of 12 x 12 pixels, 9 to 12 of which are on, and a MAC
of Q = 9 CMs with K = 16 neurons, which hears all of them. It learns by the rule of the demo's lowest layer, but that
weights don't fade.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np
import torch

from sparsey_trace.demo.configurations import SIGMOID
from sparsey_trace.demo.layer import LayerConfig
from sparsey_trace.demo.model import Sparsey, SparseyConfig
from sparsey_trace.demo.synapses import LearningRule
from sparsey_trace.recording import record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

SIDE = 12
FEWEST, MOST = 9, 12
"""Pixels that are on."""

STORED = (25, 50, 100, 200, 300, 400, 600, 800, 1000)
"""After so many inputs the model is asked for all of them."""

CHANGED = (0, 1, 2)
"""Pixels that are changed when it is asked."""

_AT_ONCE = 100

CAPACITY = SparseyConfig(
    input_shape=(SIDE, SIDE),
    layers=(
        LayerConfig(
            grid="rectangular",
            rows=1,
            columns=1,
            radius=1.0,
            num_cms=9,
            num_neurons=16,
            lowest_share=0.01,
            highest_share=1.0,
            sigmoid=SIGMOID,
            learning=LearningRule(decay=0.0, permanence_gain=0.1, saturation=0.5),
        ),
    ),
)
"""One MAC over all pixels, Q = 9 and K = 16."""


def random_inputs(count: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """[count, 144] uint8, each with 9 to 12 pixels on, all as likely."""
    inputs = np.zeros((count, SIDE * SIDE), np.uint8)
    for row in inputs:
        row[rng.choice(SIDE * SIDE, rng.integers(FEWEST, MOST + 1), replace=False)] = 1
    return inputs


def changed(inputs: NDArray[np.uint8], pixels: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Copies of inputs [n, 144] with so many different pixels of each turned over."""
    copies = inputs.copy()
    for row in copies:
        row[rng.choice(row.size, pixels, replace=False)] ^= 1
    return copies


def run_capacity(
    path: str | Path, *, seed: int = 0, on_step: Callable[[int, int], None] | None = None
) -> Path:
    """Train the study's model on inputs one after the other, ask for all that are stored now and then, and record it.

    An epoch is what leads to one of `STORED`: training on further inputs, each shown once, and then an evaluation of
    all inputs so far, as they are and with 1 and 2 pixels changed.

    Args:
        path: where the trace goes.
        seed: of the model, the inputs and what is changed in them.
        on_step: called after each step with the steps done and the steps in all.

    Returns:
        Where the trace is.

    Raises:
        RecordError: the trace can't be written any more.
        TraceError: the trace exists, or can't be made there.
    """
    rng = np.random.default_rng(seed)
    inputs = random_inputs(STORED[-1], rng)
    steps = list(_steps(inputs, rng))
    model = Sparsey(CAPACITY, seed=seed)
    numbers = {"epochs": len(STORED), "samples": len(inputs), "batch_size": 1, "seed": seed}
    config = {"dataset": "capacity", **numbers, "model": asdict(CAPACITY)}
    with record(model, path, config=config, on_error="raise") as recorder:
        for done, (epoch, training, shown) in enumerate(steps, start=1):
            recorder.epoch = epoch
            model.train(training)
            model(torch.from_numpy(shown).float())
            if on_step is not None:
                on_step(done, len(steps))
    return recorder.path


def _steps(
    inputs: NDArray[np.uint8], rng: np.random.Generator
) -> Iterator[tuple[int, bool, NDArray[np.uint8]]]:
    """Epoch, whether the model learns, and what it is shown [n, 144]."""
    stored = 0
    for epoch, goal in enumerate(STORED):
        yield from ((epoch, True, inputs[n : n + 1]) for n in range(stored, goal))
        stored = goal
        for pixels in CHANGED:
            copies = changed(inputs[:goal], pixels, rng)
            yield from ((epoch, False, copies[n : n + _AT_ONCE]) for n in range(0, goal, _AT_ONCE))
