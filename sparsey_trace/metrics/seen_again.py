"""When inputs were seen, where a state doesn't keep it: looked up in the run once more."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.layout import TRAIN
from sparsey_trace.metrics import reference_store
from sparsey_trace.metrics.reference_store import identities

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sparsey_trace.metrics.base import Recall
    from sparsey_trace.metrics.reference_store import ReferenceStore

_AT_ONCE = 1 << 12
"""Samples looked up at once."""
_VALUES = 1 << 22
"""Of their inputs, which may be wide."""
_KEPT = 2
"""Spans: threads are at work on neighbouring chunks."""


class SeenAgain:
    """All sightings of a store's inputs, span by span of a run; for threads to share.

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
        found, spans = np.full(len(wanted), -1), asked // reference_store.SPAN
        for span in np.unique(spans).tolist():
            mine, begin = spans == span, span * reference_store.SPAN
            sightings = self._of_span(span)
            limit = wanted[mine] * reference_store.SPAN + asked[mine] - begin
            place = np.searchsorted(sightings, limit) - 1
            which, offset = np.divmod(sightings[np.maximum(place, 0)], reference_store.SPAN)
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
        begin = span * reference_store.SPAN
        end = min(begin + reference_store.SPAN, int(self._store.sample[-1]) + 1)
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
            found.append(seen[known] * reference_store.SPAN + samples[known] - begin)
        return found
