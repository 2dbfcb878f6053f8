"""The nearest of many references, exactly, the one seen first among equals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.metrics.similarity import input_similarity

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sparsey_trace.metrics.similarity import Measure

_QUERIES, _REFERENCES = 256, 2048
"""Pairs compared at once: few enough that their distances stay in the cache."""


def nearest(
    queries: NDArray[np.bool_],
    query_step: NDArray[np.int64],
    *,
    references: NDArray[np.uint8],
    step: NDArray[np.int64],
    until: NDArray[np.int64],
    measure: Measure,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """For each query the nearest reference of an earlier step.

    Args:
        queries: [n, D] bool, the features that are on.
        query_step: [n] int64, never falling; a reference serves where step < query_step <= until.
        references: [C, ceil(D / 8)] packed bits, in the order in which they were seen.
        step: [C] int64, when each was first seen; never falling.
        until: [C] int64, the last step that each serves.
        measure: `hamming`, the number of features that differ; or `jaccard`, 1 - the similarity.

    Returns:
        Which reference [n] int64, -1 where none serves, and its distance [n] float64.
    """
    best = np.full(len(queries), -1)
    distance = np.full(len(queries), np.inf)
    asked_on = queries.astype(np.float32)
    early_enough = np.searchsorted(step, query_step[-1]) if len(queries) else 0
    for start in range(0, early_enough, _REFERENCES):
        part = slice(start, min(start + _REFERENCES, early_enough))
        on = np.unpackbits(references[part], axis=1, count=queries.shape[1]).astype(np.float32)
        for first in range(0, len(queries), _QUERIES):
            asked = slice(first, first + _QUERIES)
            found = _distances(asked_on[asked], on, measure)
            steps = query_step[asked, None]
            if steps[0] <= step[part.stop - 1] or steps[-1] > until[part].min():
                found[(steps <= step[part]) | (until[part] < steps)] = np.inf
            place = np.argmin(found, axis=1)
            least = np.take_along_axis(found, place[:, None], axis=1)[:, 0]
            # Strictly nearer only: an equal one in an earlier block was seen first.
            nearer = np.flatnonzero(least < distance[asked])
            best[first + nearer] = start + place[nearer]
            distance[first + nearer] = least[nearer]
    return best, distance


def _distances(
    queries: NDArray[np.float32], references: NDArray[np.float32], measure: Measure
) -> NDArray[Any]:
    shared = queries @ references.T
    sizes = queries.sum(axis=1), references.sum(axis=1)
    if measure == "jaccard":
        return 1.0 - input_similarity(shared, *sizes)
    # Whole numbers up to 2^24, and so exact in float32.
    shared *= -2
    shared += sizes[0][:, None]
    shared += sizes[1]
    return shared
