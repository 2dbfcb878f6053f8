"""The nearest of many references, exactly, the one seen first among equals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.metrics.similarity import input_similarity

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sparsey_trace.metrics.similarity import Measure

_QUERIES, _REFERENCES = 256, 2048
"""Pairs compared at once: few enough that their distances stay in the cache.

The Hamming distance is |x| + |y| - 2 |x and y|. All but |x|, which is the same for all references, is
what is compared: whole numbers up to 2^24, and so exact in float32, in whatever order they are added.
"""


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
    least = np.full(len(queries), np.inf)
    sizes = np.count_nonzero(queries, axis=1)
    prepared = queries.astype(np.float32) * (-2 if measure == "hamming" else 1)
    early_enough = np.searchsorted(step, query_step[-1]) if len(queries) else 0
    for start in range(0, early_enough, _REFERENCES):
        part = slice(start, min(start + _REFERENCES, early_enough))
        on = np.unpackbits(references[part], axis=1, count=queries.shape[1]).astype(np.float32)
        on_sizes = np.bitwise_count(references[part]).sum(axis=1, dtype=np.float32)
        for first in range(0, len(queries), _QUERIES):
            asked = slice(first, first + _QUERIES)
            costs = prepared[asked] @ on.T
            if measure == "hamming":
                costs += on_sizes
            else:
                costs = 1.0 - input_similarity(costs, sizes[asked], on_sizes)
            steps = query_step[asked, None]
            if steps[0] <= step[part.stop - 1] or steps[-1] > until[part].min():
                costs[(steps <= step[part]) | (until[part] < steps)] = np.inf
            place = np.argmin(costs, axis=1)
            found = np.take_along_axis(costs, place[:, None], axis=1)[:, 0]
            # Strictly nearer only: an equal one in an earlier block was seen first.
            nearer = np.flatnonzero(found < least[asked])
            best[first + nearer] = start + place[nearer]
            least[first + nearer] = found[nearer]
    return best, least + sizes if measure == "hamming" else least
