"""The distinct training inputs of a run, as a fold: what evaluation samples are compared with."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.errors import DataError
from sparsey_trace.layout import TRAIN
from sparsey_trace.metrics.folding.draws import FOREVER, draw_samples, priorities
from sparsey_trace.metrics.folding.identities import IDENTITY, identities
from sparsey_trace.metrics.state_checks import check_array

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sparsey_trace.chunk import Chunk
    from sparsey_trace.metrics.base import Recall


SPAN = 1 << 20
"""Of so many samples, the next so many, and so on, only the latest sighting of each input is kept, and its first."""


_TIMES_SMALLER = 2
"""An excerpt of less use than that isn't worth a file."""

_AT_ONCE = 1 << 12
"""Samples looked up at once."""
_VALUES = 1 << 22
"""Of their inputs, which may be wide."""
_KEPT = 2
"""Spans: threads are at work on neighbouring chunks."""


@dataclass(frozen=True, eq=False, kw_only=True)
class ReferenceStore:
    """Distinct training inputs in the order in which they were first seen, and when they were.

    Where all inputs are kept, their sightings are thinned out, so that a store grows with what is learnt and not with
    the run: see `SPAN`, and `SeenAgain` for the others. Of drawn inputs all are kept.

    Inputs are told apart by 128-bit BLAKE2b digests of all their values: real-valued ones with the
    same features on are different inputs.

    Attributes:
        identity: [C] 16 bytes, the digest of each input.
        inputs: [C, ceil(D / 8)] uint8, packed bits of what is on.
        step: [C] int64, the step that first showed each.
        seen: [T] int64, which input each sighting is of.
        sample: [T] int64, the sample of each sighting; ascending.
        sample_step: [T] int64, its step.
        whole: whether these are all inputs that were seen, and none ceased to serve.
    """

    identity: NDArray[np.void]
    inputs: NDArray[np.uint8]
    step: NDArray[np.int64]
    seen: NDArray[np.int64]
    sample: NDArray[np.int64]
    sample_step: NDArray[np.int64]
    whole: bool = True

    @classmethod
    def empty(cls, num_features: int) -> ReferenceStore:
        """No inputs yet."""
        none = np.empty(0, np.int64)
        return cls(
            identity=np.empty(0, IDENTITY),
            inputs=np.empty((0, -(-num_features // 8)), np.uint8),
            step=none,
            seen=none,
            sample=none,
            sample_step=none,
        )

    def check(self, num_features: int, samples: int) -> None:
        """See that it could be of the first so many samples of a run.

        Raises:
            DataError: it couldn't.
        """
        check_array(self.inputs, "inputs", dtype=np.uint8, shape=(None, -(-num_features // 8)))
        inputs = len(self.inputs)
        check_array(self.identity, "identity", dtype=IDENTITY, shape=(inputs,))
        check_array(self.step, "step", dtype=np.int64, shape=(inputs,), order="never falling")
        check_array(self.seen, "seen", dtype=np.int64, shape=(None,), lowest=0, below=inputs)
        count = len(self.seen)
        check_array(
            self.sample, "sample", dtype=np.int64, shape=(count,), lowest=0, below=samples, order="rising"
        )
        check_array(self.sample_step, "sample_step", dtype=np.int64, shape=(count,), order="never falling")
        if type(self.whole) is not bool:
            msg = f"whole: expected true or false, found {self.whole!r}"
            raise DataError(msg)
        if len(np.unique(self.seen)) != inputs:
            msg = f"seen: expected all of {inputs} inputs, found {len(np.unique(self.seen))}"
            raise DataError(msg)

    @classmethod
    def of(cls, chunk: Chunk) -> ReferenceStore:
        """The training inputs of a chunk."""
        train = np.flatnonzero(chunk.is_train)
        assert chunk.inputs is not None
        bits = chunk.on_bits[train]
        identity = identities(chunk.inputs[train], bits)
        step = chunk.step[train]
        first, seen = _first_of_each(identity)
        return cls(
            identity=identity[first],
            inputs=bits[first],
            step=step[first],
            seen=seen,
            sample=chunk.start + train,
            sample_step=step,
        )

    def followed_by(self, later: ReferenceStore) -> ReferenceStore:
        """With the sightings of a later stretch of the run."""
        if not len(later.sample):
            return replace(self, whole=self.whole and later.whole)
        first, number = _first_of_each(np.concatenate([self.identity, later.identity]))
        # Those of a store are distinct, and so stand first.
        new = first[len(self.step) :] - len(self.step)
        return ReferenceStore(
            identity=np.concatenate([self.identity, later.identity[new]]),
            inputs=_joined(self.inputs, later.inputs, new),
            step=np.concatenate([self.step, later.step[new]]),
            seen=number[np.concatenate([self.seen, later.seen + len(self.identity)])],
            sample=np.concatenate([self.sample, later.sample]),
            sample_step=np.concatenate([self.sample_step, later.sample_step]),
            whole=self.whole and later.whole,
        )

    def drawn(self, size: int | None, seed: int) -> tuple[ReferenceStore, NDArray[np.int64]]:
        """Only the inputs that are ever among `size` drawn ones, and the last step each serves."""
        if size is None:
            every = np.zeros(len(self.step), np.uint64)
            return self.thinned(), draw_samples(every, self.step, None)[1]
        chosen, until = draw_samples(priorities(self.identity, seed), self.step, size)
        number = np.full(len(self.step), -1)
        number[chosen] = np.arange(len(chosen))
        last = np.full(len(self.step), -1)
        last[chosen] = until
        is_first = np.zeros(len(self.seen), np.bool_)
        is_first[np.unique(self.seen, return_index=True)[1]] = True
        # A later sighting in the last step that its input serves can't be asked for any more.
        kept = (number[self.seen] >= 0) & (is_first | (self.sample_step < last[self.seen]))
        store = ReferenceStore(
            identity=self.identity[chosen],
            inputs=self.inputs[chosen],
            step=self.step[chosen],
            seen=number[self.seen[kept]],
            sample=self.sample[kept],
            sample_step=self.sample_step[kept],
            whole=self.whole and len(chosen) == len(self.step) and bool((until == FOREVER).all()),
        )
        return store, until

    def thinned(self) -> ReferenceStore:
        """With the first sighting of each input, and its latest of each span; see `SPAN`."""
        if len(self.seen) == len(self.step):
            return self
        places = np.arange(len(self.seen))
        kept = np.zeros(len(self.seen), np.bool_)
        chosen = np.empty(len(self.step), np.int64)
        chosen[self.seen[::-1]] = places[::-1]
        kept[chosen] = True
        starts = np.flatnonzero(np.diff(self.sample // SPAN, prepend=-1))
        for part in np.split(places, starts[1:]):
            chosen[self.seen[part]] = part
            kept[chosen[self.seen[part]]] = True
        if kept.all():
            return self
        return replace(
            self, seen=self.seen[kept], sample=self.sample[kept], sample_step=self.sample_step[kept]
        )

    def excerpt(self, start: int, stop: int) -> ReferenceStore:
        """What samples from one to before another can ask for: itself, if that isn't `_TIMES_SMALLER`.

        These are inputs that were seen before the end; the first sighting of each, its latest before the span of the
        first sample, and all from there to the end of the span of the last, which tell where there may be later ones.
        """
        begin, end = start // SPAN * SPAN, -(-stop // SPAN) * SPAN
        before, behind = np.searchsorted(self.sample, [begin, end]).tolist()
        order, number = self._places, len(self.seen)
        each = np.arange(len(self.step)) * number
        first = order[np.searchsorted(order, each)] - each
        inputs = int(np.searchsorted(self.sample[first], stop))
        place = np.searchsorted(order, each[:inputs] + before) - 1
        # What belongs to the input before comes out below 0.
        earlier = order[np.maximum(place, 0)] - each[:inputs]
        between = np.arange(before, behind)
        kept = np.unique(
            np.concatenate(
                [first[:inputs], earlier[earlier >= 0], between[self.seen[before:behind] < inputs]]
            )
        )
        found = replace(
            self,
            identity=self.identity[:inputs],
            inputs=self.inputs[:inputs],
            step=self.step[:inputs],
            seen=self.seen[kept],
            sample=self.sample[kept],
            sample_step=self.sample_step[kept],
        )
        return found if found._nbytes * _TIMES_SMALLER <= self._nbytes else self

    @cached_property
    def _places(self) -> NDArray[np.int64]:
        """Sightings by input, those of each in order: input * how many there are + place among them."""
        return np.sort(self.seen * len(self.seen) + np.arange(len(self.seen)))

    @property
    def _nbytes(self) -> int:
        arrays = (self.identity, self.inputs, self.step, self.seen, self.sample, self.sample_step)
        return sum(array.nbytes for array in arrays)

    def same_as(self, identity: NDArray[np.void]) -> NDArray[np.int64]:
        """[n] int64, which of the inputs has each of n identities; -1 where none has."""
        if not len(self.identity):
            return np.full(len(identity), -1)
        order, known = self._by_identity
        place = np.minimum(np.searchsorted(known, identity.view("S16")), len(known) - 1)
        return np.where(known[place] == identity.view("S16"), order[place], -1)

    @cached_property
    def _by_identity(self) -> tuple[NDArray[np.int64], NDArray[np.bytes_]]:
        """Inputs in the order of their identities, and these."""
        known = self.identity.view("S16")
        order = np.argsort(known, kind="stable")
        return order, known[order]

    def first(self, wanted: NDArray[np.int64]) -> NDArray[np.int64]:
        """[n] int64, the samples that showed each wanted input [n] first."""
        order, steps, pairs = self._by_input
        return self.sample[order[np.searchsorted(pairs, wanted * (len(steps) + 1))]]

    def latest(
        self, wanted: NDArray[np.int64], before: NDArray[np.int64], asked: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """The latest sighting of each wanted input before a step, as far as it is kept.

        Args:
            wanted: [n] int64, inputs of the store.
            before: [n] int64, steps; each input was seen before its one.
            asked: [n] int64, samples of these steps.

        Returns:
            [n] int64, samples; and [n] bool, whether in a thinned store there may be a later one, within the span of
            the sample asked.
        """
        order, steps, pairs = self._by_input
        place = np.searchsorted(pairs, wanted * (len(steps) + 1) + np.searchsorted(steps, before))
        later = order[np.minimum(place, len(order) - 1)]
        is_same = (place < len(order)) & (self.seen[later] == wanted)
        return self.sample[order[place - 1]], is_same & (self.sample[later] // SPAN == asked // SPAN)

    @cached_property
    def _by_input(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Sightings in the order of their inputs; the distinct steps; (input, step) as one number each."""
        order = np.argsort(self.seen, kind="stable")
        steps, rank = np.unique(self.sample_step, return_inverse=True)
        # Steps rise along each input's sightings, so the pairs are sorted, and can be searched.
        return order, steps, self.seen[order] * (len(steps) + 1) + rank[order]


class SeenAgain:
    """All sightings of a store's inputs, looked up in the run once more, span by span; for threads to share.

    Args:
        store: the inputs.
        recall: looks up samples of the run.
    """

    def __init__(self, store: ReferenceStore, recall: Recall) -> None:
        """Nothing is looked up yet."""
        self._store, self._recall, self._lock = store, recall, threading.Lock()
        self._kept: dict[int, NDArray[np.int64]] = {}

    def latest(self, wanted: NDArray[np.int64], asked: NDArray[np.int64]) -> NDArray[np.int64]:
        """The latest samples [n] within the spans of samples asked [n], and before these, that show wanted inputs [n].

        -1 where none does.
        """
        found, spans = np.full(len(wanted), -1), asked // SPAN
        for span in np.unique(spans).tolist():
            mine, begin = spans == span, span * SPAN
            sightings = self._of_span(span)
            limit = wanted[mine] * SPAN + asked[mine] - begin
            place = np.searchsorted(sightings, limit) - 1
            which, offset = np.divmod(sightings[np.maximum(place, 0)], SPAN)
            found[mine] = np.where((place >= 0) & (which == wanted[mine]), begin + offset, -1)
        return found

    def _of_span(self, span: int) -> NDArray[np.int64]:
        """Sightings in a span, as numbers in order: input * SPAN + place in the span."""
        with self._lock:
            if span not in self._kept:
                while len(self._kept) >= _KEPT:
                    del self._kept[next(iter(self._kept))]
                self._kept[span] = np.sort(np.concatenate(self._looked_up(span)))
            return self._kept[span]

    def _looked_up(self, span: int) -> list[NDArray[np.int64]]:
        # Behind the last sighting of all there is no training.
        begin = span * SPAN
        end = min(begin + SPAN, int(self._store.sample[-1]) + 1)
        size = max(1, min(_AT_ONCE, _VALUES // (8 * self._store.inputs.shape[1])))
        found = [np.empty(0, np.int64)]
        for start in range(begin, end, size):
            samples = np.arange(start, min(start + size, end))
            phase = self._recall(samples, frozenset({"phase"})).phase
            assert phase is not None
            samples = samples[phase == TRAIN]
            inputs = self._recall(samples, frozenset({"inputs"})).inputs
            assert inputs is not None
            seen = self._store.same_as(identities(inputs))
            known = seen >= 0
            found.append(seen[known] * SPAN + samples[known] - begin)
        return found


def bytes_of_one(num_features: int) -> int:
    """What an input takes in a store, and when it was seen, once."""
    store = ReferenceStore.empty(num_features)
    once = (store.identity, store.step, store.seen, store.sample, store.sample_step)
    return int(store.inputs.shape[1]) + sum(int(array.itemsize) for array in once)


def _joined(
    earlier: NDArray[np.uint8], later: NDArray[np.uint8], new: NDArray[np.int64]
) -> NDArray[np.uint8]:
    """Inputs, and of later ones those that are new, with no copy in between, as they may be wide."""
    if not len(new):
        return earlier
    if not len(earlier) and len(new) == len(later):
        return later
    found = np.empty((len(earlier) + len(new), earlier.shape[1]), np.uint8)
    found[: len(earlier)] = earlier
    np.take(later, new, axis=0, out=found[len(earlier) :], mode="clip")  # "raise" would make a copy
    return found


def _first_of_each(identity: NDArray[np.void]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where each distinct one stands first, in that order; and for all, which of these they are.

    Sorted, which leaves other threads the interpreter, and takes half as long as a dict does.
    """
    halves = identity.view(np.uint64).reshape(-1, 2)
    order = np.lexsort((halves[:, 1], halves[:, 0]))
    begins = np.ones(len(order), np.bool_)
    begins[1:] = (halves[order[1:]] != halves[order[:-1]]).any(axis=1)
    first = order[begins]
    in_order = np.argsort(first)
    number, back = np.empty(len(first), np.int64), np.empty(len(order), np.int64)
    number[in_order] = np.arange(len(first))
    back[order] = number[np.cumsum(begins) - 1]
    return first[in_order], back
