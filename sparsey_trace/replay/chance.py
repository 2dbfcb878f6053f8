"""Chance: what eval samples would score against a training sample drawn at random, in place of the nearest.

For `hamming` and `intersection` this is exact, from counts of winners and of activity over all training samples of
earlier steps; for `jaccard`, against 1,000 of them that are drawn by seed. See "What a run comes to" in
docs/metrics.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from sparsey_trace.layout import EVAL, TRAIN
from sparsey_trace.metrics.base import CODES_AND_ACTIVITY
from sparsey_trace.metrics.folding.draws import priorities
from sparsey_trace.replay.chance_tallies import AskedLayer, Before, tally
from sparsey_trace.replay.engine.memory import chunk_samples
from sparsey_trace.replay.winners_met import Asked, ListedWinners, WinnersMet

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from numpy.typing import NDArray

    from sparsey_trace.metrics.base import SampleMetric
    from sparsey_trace.metrics.similarity import CodeMeasure
    from sparsey_trace.replay.chance_tallies import Exact, Sampled
    from sparsey_trace.replay.winners_met import Trained
    from sparsey_trace.trace.reading.trace import Trace

DRAWN = 1000
"""Training samples that stand for all of them where there is no closed form."""

_MEMORY = "512M"
"""What may be taken to read codes for it: with half of it a long trace would be read 64 samples at a time."""

_AT_ONCE = 1 << 20
"""Samples whose phases are looked at together."""

_FEW = 1 << 20
"""Of so many neurons in a layer all wins are counted; of more, only those of neurons that are asked about."""


class Chance(Protocol):
    """Tells what eval samples would score by chance."""

    def __call__(self, metric: SampleMetric[Any], epoch: int) -> Mapping[str, NDArray[np.float64]]:
        """By name, a [L] float64: those of an epoch, as a mean over the MACs of each layer; nan where unknown."""


class Chances:
    """The chances of several metrics, gathered from the chunks of a pass that comes by, or read for it alone.

    Args:
        trace: the trace.
        measures: how codes are compared.
        epoch: of the eval samples that are asked about.
        seed: of the draw.
    """

    def __init__(self, trace: Trace, measures: Iterable[CodeMeasure], *, epoch: int, seed: int) -> None:
        """Nothing is gathered yet."""
        layers = trace.layout.layers
        self._trace, self.epoch, self.seed, self._next = trace, epoch, seed, 0
        self._tallies: dict[CodeMeasure, list[Exact | Sampled]] = {
            measure: [tally(layer, measure) for layer in layers] for measure in measures
        }
        asked = _asked(trace, epoch)
        self.wanted = WinnersMet(
            epoch=epoch,
            start=int(asked[0]) if len(asked) else 0,
            stop=int(asked[-1]) + 1 if len(asked) else 0,
            listed=tuple(_listed(trace, number, asked) for number in range(len(layers))),
            drawn=_drawn(trace, seed) if "jaccard" in self._tallies else np.empty(0, np.int64),
        )
        self._before = [Before.nothing(*each) for each in zip(layers, self.wanted.listed, strict=True)]

    def tells(self, measures: Mapping[str, CodeMeasure], *, epoch: int, seed: int) -> bool:
        """Whether it is of these measures, this epoch and this seed."""
        return (self.epoch, self.seed) == (epoch, seed) and self._tallies.keys() >= set(measures.values())

    def read(self, stop: int) -> None:
        """Gather what wasn't, up to before a sample, from the trace itself."""
        for start, end in self._spans(min(stop, self.wanted.stop)):
            span = slice(start, end)
            if self.wanted.wants(start, self._trace.samples.phase[span], self._trace.samples.epoch[span]):
                self.take(self.wanted.gather(self._trace.chunk(start, end, fields=CODES_AND_ACTIVITY)))
        self._next = max(self._next, stop)

    def take(self, found: Iterable[Trained | Asked]) -> None:
        """What was gathered from the next chunk."""
        for stretch in found:
            if isinstance(stretch, Asked):
                self._ask(stretch)
            else:
                self._learn(stretch)

    def reach(self, sample: int) -> None:
        """All before this sample was taken."""
        self._next = sample

    def by_name(self, measures: Mapping[str, CodeMeasure]) -> dict[str, NDArray[np.float64]]:
        """By name, a [L] float64 for each measure: the mean over a layer's MACs, nan where it can't be told."""
        self.read(self.wanted.stop)
        return {
            name: np.array([of_layer.mean() for of_layer in self._tallies[measure]])
            for name, measure in measures.items()
        }

    def _spans(self, stop: int) -> Iterator[tuple[int, int]]:
        if self._next < stop:
            size = chunk_samples(self._trace, CODES_AND_ACTIVITY, None, _MEMORY, 1)
            for start in range(self._next, stop, size):
                yield start, min(start + size, stop)

    def _learn(self, stretch: Trained) -> None:
        for number, before in enumerate(self._before):
            before.wins += stretch.wins[number]
            before.was_active += stretch.was_active[number]
            before.drawn += stretch.drawn[number]
            before.samples += stretch.samples

    def _ask(self, stretch: Asked) -> None:
        for number, (codes, active, before) in enumerate(
            zip(stretch.codes, stretch.active, self._before, strict=True)
        ):
            if before.samples:
                asked = AskedLayer(codes, active, before)
                for of_layers in self._tallies.values():
                    of_layers[number].add(asked)


def chances_of(trace: Trace, metrics: Iterable[SampleMetric[Any]]) -> Chances | None:
    """What gathers the chances of metrics of one seed that will be asked for: of the last epoch with evaluation."""
    asking = [metric for metric in metrics if metric.chances]
    epoch = _last_compared(trace) if asking else None
    if epoch is None:
        return None
    measures = {measure: None for metric in asking for measure in metric.chances.values()}
    return Chances(trace, measures, epoch=epoch, seed=seed_of(asking[0]))


def chance_from(trace: Trace, gathered: Chances | None) -> Chance:
    """What tells the chances of metrics: from what was gathered on the way where that is it, else read for it."""

    def chance(metric: SampleMetric[Any], epoch: int) -> Mapping[str, NDArray[np.float64]]:
        asked = {"epoch": epoch, "seed": seed_of(metric)}
        if gathered is not None and gathered.tells(metric.chances, **asked):
            return gathered.by_name(metric.chances)
        return Chances(trace, metric.chances.values(), **asked).by_name(metric.chances)

    return chance


def seed_of(metric: SampleMetric[Any]) -> int:
    """Of a metric's draws."""
    return int(getattr(metric, "seed", 0))


def _stretches(trace: Trace) -> Iterator[tuple[int, NDArray[np.uint8], NDArray[np.int32]]]:
    """From which sample on, and phases and epochs from there: a bounded part of a long run at a time."""
    for start in range(0, len(trace), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        yield start, trace.samples.phase[part], trace.samples.epoch[part]


def _last_compared(trace: Trace) -> int | None:
    """The epoch of the last eval sample that has training before it, which it is compared with; None without one."""
    has_trained, found = False, None
    for _, phase, epochs in _stretches(trace):
        asked = phase == EVAL
        if not has_trained:
            train = phase == TRAIN
            has_trained = bool(train.any())
            asked[: train.argmax() if has_trained else len(train)] = False
        if asked.any():
            found = int(epochs[asked][-1])
    return found


def _asked(trace: Trace, epoch: int) -> NDArray[np.int64]:
    """The eval samples of an epoch; of one that came back, since it did, as in figures that chance stands beside."""
    asked: list[NDArray[np.int64]] = []
    others = np.empty(0, np.int64)
    for start, phase, epochs in _stretches(trace):
        mine = np.flatnonzero((phase == EVAL) & (epochs == epoch)) + start
        others = np.append(others[-1:], np.flatnonzero((phase == EVAL) & (epochs != epoch)) + start)
        if len(mine):
            since = others[others < mine[-1]].max(initial=-1)
            asked = [part[part > since] for part in (*asked, mine)]
    return np.concatenate([np.empty(0, np.int64), *asked])


def _drawn(trace: Trace, seed: int) -> NDArray[np.int64]:
    found = np.empty(0, np.int64)
    for start, phase, _ in _stretches(trace):
        train = np.append(found, np.flatnonzero(phase == TRAIN) + start)
        found = np.sort(train[np.argsort(priorities(train, seed), kind="stable")[:DRAWN]])
    return found


def _listed(trace: Trace, number: int, asked: NDArray[np.int64]) -> ListedWinners:
    layer, view = trace.layout.layers[number], trace.layers[number]
    if layer.num_macs * layer.num_cms * layer.num_neurons <= _FEW:
        return ListedWinners.all_of(layer)
    size = chunk_samples(trace, CODES_AND_ACTIVITY, None, _MEMORY, 1)
    parts = (view.codes[asked[start : start + size]] for start in range(0, len(asked), size))
    return ListedWinners.of(layer, parts)
