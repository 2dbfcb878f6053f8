"""The nearest reference, against what numpy makes of the same."""

from __future__ import annotations

import numpy as np
import pytest

from sparsey_trace.kernels.nearest import TILE
from sparsey_trace.metrics.nearest import References


@pytest.mark.parametrize("measure", ["hamming", "jaccard"])
@pytest.mark.parametrize(
    ("shape", "density"), [((28, 28), 0.15), ((5, 3), 0.5), ((300,), 0.02), ((2, 400), 0.9)]
)
def test_the_nearest_is_the_first_of_the_nearest(
    measure: str, shape: tuple[int, ...], density: float
) -> None:
    rng = np.random.default_rng(0)
    features = int(np.prod(shape))
    # More tiles than are looked at before the next query, the last of them not full; many references are equal.
    references = rng.random((20 * TILE + 7, features)) < density
    references[3::5] = references[2::5][: len(references[3::5])]
    references[11] = False
    step = np.sort(rng.integers(0, 40, len(references)))
    until = np.where(rng.random(len(step)) < 0.3, step + rng.integers(1, 20, len(step)), 1 << 62)
    queries = references[rng.integers(0, len(references), 90)] ^ (rng.random((90, features)) < 0.05)
    queries[5] = False
    query_step = np.sort(rng.integers(0, 42, 90))
    prepared = References.of(np.packbits(references, axis=1), input_shape=shape, step=step, until=until)
    found, distance = prepared.nearest(np.packbits(queries, axis=1), query_step, measure=measure)  # type: ignore[arg-type]
    for number, query in enumerate(queries):
        differ = np.count_nonzero(query ^ references, axis=1).astype(float)
        if measure == "jaccard":
            shared, joined = (query & references).sum(axis=1), (query | references).sum(axis=1)
            differ = 1 - shared / np.maximum(joined, 1)
        serves = (step < query_step[number]) & (query_step[number] <= until)
        if not serves.any():
            assert found[number] == -1
            continue
        expected = int(np.argmin(np.where(serves, differ, np.inf)))
        assert (found[number], distance[number]) == (expected, differ[expected])


@pytest.mark.parametrize("measure", ["hamming", "jaccard"])
def test_queries_that_come_back_are_compared_with_what_is_new(measure: str) -> None:
    rng = np.random.default_rng(1)
    references = rng.random((500, 60)) < 0.4
    queries = np.packbits(rng.random((8, 60)) < 0.4, axis=1)
    step, forever = np.repeat(np.arange(50), 10), np.full(500, np.iinfo(np.int64).max)
    packed, arguments = (
        np.packbits(references, axis=1),
        {"input_shape": (60,), "step": step, "until": forever},
    )
    remembering = References.of(packed, **arguments)  # type: ignore[arg-type]
    # Forwards, and once back again.
    for now in (3, 17, 18, 50, 9, 50):
        steps = np.full(len(queries), now)
        found = remembering.nearest(queries, steps, measure=measure)  # type: ignore[arg-type]
        anew = References.of(packed, **arguments).nearest(queries, steps, measure=measure)  # type: ignore[arg-type]
        np.testing.assert_array_equal(found, anew)
