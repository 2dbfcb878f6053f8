"""The nearest of many references, exactly, the one seen first among equals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.metrics.similarity import hamming_distance, input_similarity, shared_features

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sparsey_trace.metrics.similarity import Measure

_QUERIES, _REFERENCES = 512, 4096
"""Pairs compared at once: 16 MiB of float64 distances."""


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
        query_step: [n] int64; a reference serves where step < query_step <= until.
        references: [C, ceil(D / 8)] packed bits, in the order in which they were seen.
        step: [C] int64, when each was first seen.
        until: [C] int64, the last step that each serves.
        measure: `hamming`, the number of features that differ; or `jaccard`, 1 - the similarity.

    Returns:
        Which reference [n] int64, -1 where none serves, and its distance [n] float64.
    """
    best = np.full(len(queries), -1)
    distance = np.full(len(queries), np.inf)
    for start in range(0, len(references), _REFERENCES):
        part = slice(start, start + _REFERENCES)
        on = np.unpackbits(references[part], axis=1, count=queries.shape[1]).view(np.bool_)
        for first in range(0, len(queries), _QUERIES):
            asked = slice(first, first + _QUERIES)
            found = _distances(queries[asked], on, measure)
            serves = (step[part] < query_step[asked, None]) & (query_step[asked, None] <= until[part])
            found[~serves] = np.inf
            place = np.argmin(found, axis=1)
            least = np.take_along_axis(found, place[:, None], axis=1)[:, 0]
            # Strictly nearer only: an equal one in an earlier block was seen first.
            nearer = np.flatnonzero(least < distance[asked]) + first
            best[nearer] = start + place[nearer - first]
            distance[nearer] = least[nearer - first]
    return best, distance


def _distances(
    queries: NDArray[np.bool_], references: NDArray[np.bool_], measure: Measure
) -> NDArray[np.float64]:
    shared = shared_features(queries, references)
    sizes = np.count_nonzero(queries, axis=1), np.count_nonzero(references, axis=1)
    if measure == "hamming":
        return hamming_distance(shared, *sizes)
    return 1.0 - input_similarity(shared, *sizes)
