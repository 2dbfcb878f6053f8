"""Chance: what eval samples would score against a training sample drawn at random, in place of the nearest.

For `hamming` and `intersection` this is exact, from counts of winners and of activity over all training samples of
earlier steps; for `jaccard`, against 1,000 of them that are drawn by seed. See "What a run comes to" in
docs/metrics.md.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.layout import EVAL, TRAIN
from sparsey_trace.metrics.base import CODES_AND_ACTIVITY
from sparsey_trace.metrics.folding.draws import priorities
from sparsey_trace.metrics.similarity import code_similarity
from sparsey_trace.replay.engine.memory import chunk_samples

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from sparsey_trace.chunk import Chunk
    from sparsey_trace.layout import LayerLayout
    from sparsey_trace.metrics.similarity import CodeMeasure
    from sparsey_trace.trace.reading.trace import Trace

DRAWN = 1000
"""Training samples that stand for all of them where there is no closed form."""

_UNIT = 2.0**40
"""Similarities are summed in units of 1 over this, so that their order doesn't matter."""


def chances(
    trace: Trace, measures: Mapping[str, CodeMeasure], *, epoch: int, seed: int
) -> dict[str, NDArray[np.float64]]:
    """By name, a [L] float64 for each measure: the mean over a layer's MACs, nan where it can't be told.

    Args:
        trace: the trace.
        measures: names, and how codes are compared.
        epoch: of the eval samples that are asked about.
        seed: of the draw.
    """
    tallies = {
        name: [_tally(trace, measure, number, seed) for number in range(len(trace.layout.layers))]
        for name, measure in measures.items()
    }
    layers = trace.layout.layers
    counts = [np.zeros((layer.num_macs, layer.num_cms, layer.num_neurons), np.int64) for layer in layers]
    for chunk, seen in _stretches(trace, epoch):
        if chunk.phase[0] == TRAIN:
            _count(chunk, counts)
        elif seen:
            for of_layers in tallies.values():
                for number, tally in enumerate(of_layers):
                    tally.add(
                        _Asked(chunk.start, chunk.codes[number], chunk.active[number], seen), counts[number]
                    )
    return {name: np.array([tally.mean() for tally in found]) for name, found in tallies.items()}


def _stretches(trace: Trace, epoch: int) -> Iterator[tuple[Chunk, int]]:
    """Training, and the asked evaluation, in stretches of one phase, with how many training samples came before."""
    phase = trace.samples.phase[:]
    is_asked = (phase == EVAL) & (trace.samples.epoch[:] == epoch)
    if not is_asked.any():
        return
    stop = int(np.flatnonzero(is_asked)[-1]) + 1
    kind = np.where(is_asked, 2, np.where(phase == TRAIN, 1, 0))[:stop]
    seen = np.cumsum(phase == TRAIN)
    size = chunk_samples(trace, CODES_AND_ACTIVITY, None, "256M", 1)
    starts = np.flatnonzero(np.diff(kind, prepend=-1))
    for start, end in zip(starts.tolist(), [*starts[1:].tolist(), stop], strict=True):
        if kind[start]:
            for first in range(start, end, size):
                chunk = trace.chunk(first, min(first + size, end), fields=CODES_AND_ACTIVITY)
                yield chunk, int(seen[start])


def _count(chunk: Chunk, counts: list[NDArray[np.int64]]) -> None:
    from sparsey_trace.kernels.winner_counts import count_winners

    for codes, active, of_layer in zip(chunk.codes, chunk.active, counts, strict=True):
        count_winners(np.ascontiguousarray(codes), np.ascontiguousarray(active), of_layer)


@dataclass(frozen=True, eq=False)
class _Asked:
    """Eval samples of one layer: the first one's number, codes [n, M, Q], activity [n, M], training samples before."""

    start: int
    codes: NDArray[Any]
    active: NDArray[np.bool_]
    seen: int


class _Exact:
    """The sums of similarities to all training samples, in whole numbers: by how many of these there were."""

    def __init__(self, layer: LayerLayout, measure: CodeMeasure) -> None:
        self._layer, self._measure = layer, measure
        self._sums: dict[int, NDArray[np.int64]] = defaultdict(lambda: np.zeros(layer.num_macs, np.int64))
        self._known = np.zeros(layer.num_macs, np.int64)

    def add(self, asked: _Asked, counts: NDArray[np.int64]) -> None:
        """Take in eval samples, given how often each neuron won before them [M, Q, K]."""
        macs, cms = np.ogrid[: counts.shape[0], : counts.shape[1]]
        agreeing = np.where(
            asked.active, counts[macs, cms, np.where(asked.active[:, :, None], asked.codes, 0)].sum(axis=2), 0
        )
        was_active = counts[:, 0].sum(axis=1)
        sums, known = self._similar(asked, agreeing, was_active)
        self._sums[asked.seen] += np.where(known, sums, 0).sum(axis=0)
        self._known += known.sum(axis=0)

    def _similar(
        self, asked: _Asked, agreeing: NDArray[np.int64], was_active: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """[n, M] sums over training samples, in cells or winners; and whether there is a value."""
        if self._measure == "intersection":
            return agreeing, asked.active | (was_active > 0)
        # Cells that differ: those on in one of the two, less twice those on in both.
        on = self._layer.num_cms * (asked.active * asked.seen + was_active)
        cells = self._layer.num_cms * self._layer.num_neurons
        return cells * asked.seen - on + 2 * agreeing, np.ones_like(asked.active)

    def mean(self) -> float:
        """The mean over MACs of the mean over eval samples."""
        whole = self._layer.num_cms * (1 if self._measure == "intersection" else self._layer.num_neurons)
        sums = np.zeros(self._layer.num_macs)
        for seen in sorted(self._sums):
            sums += self._sums[seen] / (seen * whole)
        return _mean(sums, self._known)


class _Sampled:
    """The mean similarity to training samples that were drawn."""

    def __init__(
        self,
        layer: LayerLayout,
        measure: CodeMeasure,
        sample: NDArray[np.int64],
        drawn: tuple[NDArray[Any], NDArray[Any]],
    ) -> None:
        self._layer, self._measure, self._sample, self._drawn = layer, measure, sample, drawn
        self._sums, self._known = np.zeros(layer.num_macs, np.int64), np.zeros(layer.num_macs, np.int64)

    def add(self, asked: _Asked, counts: NDArray[np.int64]) -> None:
        """Take in eval samples."""
        before = int(np.searchsorted(self._sample, asked.start))
        if not before:
            return
        sums = np.zeros(asked.active.shape)
        for codes, active in zip(self._drawn[0][:before], self._drawn[1][:before], strict=True):
            sums += code_similarity(
                self._layer,
                self._measure,
                agreeing=(asked.codes == codes).sum(axis=2),
                active=asked.active,
                other=active[None],
            )
        self._sums += np.rint(sums / before * _UNIT).astype(np.int64).sum(axis=0)
        self._known += len(sums)

    def mean(self) -> float:
        """The mean over MACs of the mean over eval samples."""
        return _mean(self._sums / _UNIT, self._known)


def _tally(trace: Trace, measure: CodeMeasure, number: int, seed: int) -> _Exact | _Sampled:
    layer = trace.layout.layers[number]
    if measure != "jaccard":
        return _Exact(layer, measure)
    train = np.flatnonzero(trace.samples.phase[:] == TRAIN)
    drawn = np.sort(train[np.argsort(priorities(train, seed), kind="stable")[:DRAWN]])
    view = trace.layers[number]
    return _Sampled(layer, measure, drawn, (view.codes[drawn], view.active[drawn]))


def _mean(sums: NDArray[np.float64], known: NDArray[np.int64]) -> float:
    """The mean over the MACs that have a value; nan where none has."""
    means = sums[known > 0] / known[known > 0]
    return float(np.add.accumulate(means)[-1] / len(means)) if len(means) else float("nan")
