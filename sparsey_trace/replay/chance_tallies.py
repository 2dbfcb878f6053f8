"""What eval samples come to against training samples drawn at random: exactly, or against those that were drawn."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.metrics.similarity import code_similarity

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sparsey_trace.layout import LayerLayout
    from sparsey_trace.metrics.similarity import CodeMeasure
    from sparsey_trace.replay.winners_met import ListedWinners

_UNIT = 2.0**40
"""Similarities are summed in units of 1 over this, so that their order doesn't matter."""


@dataclass(eq=False)
class Before:
    """What is known of the training samples of a layer so far.

    Attributes:
        listed: the neurons whose wins are counted.
        wins: [U] int64, theirs.
        was_active: [M] int64, in how many samples each MAC was active.
        drawn: codes [M, Q] and activity [M] of those that were drawn.
        samples: how many there were.
    """

    listed: ListedWinners
    wins: NDArray[np.int64]
    was_active: NDArray[np.int64]
    drawn: list[tuple[NDArray[Any], NDArray[np.bool_]]]
    samples: int = 0

    @classmethod
    def nothing(cls, layer: LayerLayout, listed: ListedWinners) -> Before:
        """No samples yet."""
        return cls(
            listed, np.zeros(len(listed.winners), np.int64), np.zeros(layer.num_macs, np.int64), drawn=[]
        )


@dataclass(frozen=True, eq=False)
class AskedLayer:
    """Eval samples of one layer: codes [n, M, Q], activity [n, M], and the training samples before them."""

    codes: NDArray[Any]
    active: NDArray[np.bool_]
    before: Before

    @cached_property
    def agreeing(self) -> NDArray[np.int64]:
        """[n, M], in how many pairs of a CM and a training sample the winner is the same."""
        return self.before.listed.sums(self.codes, self.active, self.before.wins)


class Exact:
    """The sums of similarities to all training samples, in whole numbers: by how many of these there were."""

    def __init__(self, layer: LayerLayout, measure: CodeMeasure) -> None:
        """No eval samples yet."""
        self._layer, self._measure = layer, measure
        self._sums: dict[int, NDArray[np.int64]] = defaultdict(lambda: np.zeros(layer.num_macs, np.int64))
        self._known = np.zeros(layer.num_macs, np.int64)

    def add(self, asked: AskedLayer) -> None:
        """Take in eval samples."""
        before, active = asked.before, asked.active
        if self._measure == "intersection":
            sums, known = asked.agreeing, active | (before.was_active > 0)
        else:
            # Cells that differ: those on in one of the two, less twice those on in both.
            on = self._layer.num_cms * (active * before.samples + before.was_active)
            cells = self._layer.num_cms * self._layer.num_neurons
            sums, known = cells * before.samples - on + 2 * asked.agreeing, np.ones_like(active)
        self._sums[before.samples] += np.where(known, sums, 0).sum(axis=0)
        self._known += known.sum(axis=0)

    def mean(self) -> float:
        """The mean over MACs of the mean over eval samples."""
        whole = self._layer.num_cms * (1 if self._measure == "intersection" else self._layer.num_neurons)
        sums = np.zeros(self._layer.num_macs)
        for samples in sorted(self._sums):
            sums += self._sums[samples] / (samples * whole)
        return _mean(sums, self._known)


class Sampled:
    """The mean similarity to training samples that were drawn."""

    def __init__(self, layer: LayerLayout, measure: CodeMeasure) -> None:
        """No eval samples yet."""
        self._layer, self._measure = layer, measure
        self._sums, self._known = np.zeros(layer.num_macs, np.int64), np.zeros(layer.num_macs, np.int64)

    def add(self, asked: AskedLayer) -> None:
        """Take in eval samples."""
        if not asked.before.drawn:
            return
        sums = np.zeros(asked.active.shape)
        for codes, active in asked.before.drawn:
            sums += code_similarity(
                self._layer,
                self._measure,
                agreeing=(asked.codes == codes).sum(axis=2),
                active=asked.active,
                other=active[None],
            )
        self._sums += np.rint(sums / len(asked.before.drawn) * _UNIT).astype(np.int64).sum(axis=0)
        self._known += len(sums)

    def mean(self) -> float:
        """The mean over MACs of the mean over eval samples."""
        return _mean(self._sums / _UNIT, self._known)


def tally(layer: LayerLayout, measure: CodeMeasure) -> Exact | Sampled:
    """An empty one for a measure: there is a closed form for all but `jaccard`."""
    return Sampled(layer, measure) if measure == "jaccard" else Exact(layer, measure)


def _mean(sums: NDArray[np.float64], known: NDArray[np.int64]) -> float:
    """The mean over the MACs that have a value; nan where none has."""
    means = sums[known > 0] / known[known > 0]
    return float(np.add.accumulate(means)[-1] / len(means)) if len(means) else float("nan")
