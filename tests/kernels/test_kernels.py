"""Kernels at sizes that generated runs don't reach, against what numpy makes of the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sparsey_trace.kernels.basis import count_known, count_new, join, learn
from sparsey_trace.kernels.common import count_common
from sparsey_trace.kernels.distinct import distinct
from sparsey_trace.kernels.nearest import MOST, TILE
from sparsey_trace.kernels.reach import count_reach, share
from sparsey_trace.metrics.nearest import References, feature_groups
from sparsey_trace.support.bitsets import sets_of_samples, words_of

if TYPE_CHECKING:
    from numpy.typing import NDArray


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


def test_groups_of_features_are_neighbours() -> None:
    group = feature_groups((28, 28)).reshape(28, 28)
    assert len(np.unique(group)) == 25
    for number in range(25):
        rows, columns = np.nonzero(group == number)
        assert np.ptp(rows) <= 5
        assert np.ptp(columns) <= 5
    assert len(np.unique(feature_groups((1, 784, 1)))) == 25
    assert feature_groups((2,)).tolist() == [0, 1]
    assert np.bincount(feature_groups((56, 56))).max() <= MOST


def test_reach_is_united_restricted_and_counted() -> None:
    rng = np.random.default_rng(1)
    # More samples than are worked on at once, and counts that take more than a byte.
    on, active = rng.random((1100, 400)) < 0.9, rng.random((1100, 5)) < 0.7
    connections = [np.arange(400), np.arange(3), np.arange(200, 390)]
    pairs = [(mac, feature, [feature]) for mac, heard in enumerate(connections) for feature in heard]
    places = {(mac, feature): place for place, (mac, feature, _) in enumerate(pairs)}
    for mac, heard in ((3, [0, 1]), (4, [2])):
        reached = np.unique(np.concatenate([connections[below] for below in heard]))
        sources = [[places[b, f] for b in heard if (b, f) in places] for f in reached]
        pairs += zip([mac] * len(reached), reached, sources, strict=True)
    counts = count_reach(
        sets_of_samples(on),
        sets_of_samples(active),
        np.concatenate([sources for *_, sources in pairs]).astype(np.int32),
        np.cumsum([len(sources) for *_, sources in pairs]),
        np.array([feature for _, feature, _ in pairs], np.int32),
        np.cumsum(np.bincount([mac for mac, *_ in pairs])),
        np.array([3, 5]),
    )
    by_mac = [np.zeros(on.shape, np.bool_) for _ in range(5)]
    for mac, heard in enumerate(connections):
        by_mac[mac][:, heard] = on[:, heard] & active[:, mac, None]
    by_mac[3] = (by_mac[0] | by_mac[1]) & active[:, 3, None]
    by_mac[4] = by_mac[2] & active[:, 4, None]
    whole = [by_mac[0] | by_mac[1] | by_mac[2], by_mac[3] | by_mac[4]]
    expected = np.stack([reached.sum(axis=1) for reached in (*by_mac, *whole)])
    assert expected.max() > 255
    np.testing.assert_array_equal(counts[:, :1100], expected)
    sizes = on.sum(axis=1) * (rng.random(1100) < 0.9)
    shares = np.empty((1100, 3))
    share(counts, 2, sizes, shares)
    with np.errstate(divide="ignore", invalid="ignore"):
        np.testing.assert_array_equal(shares, np.where(sizes[:, None], expected[2:5].T / sizes[:, None], 1.0))


@pytest.mark.parametrize(("samples", "things"), [(0, 5), (1, 1), (7, 9), (64, 8), (130, 70)])
def test_sets_are_rows_turned_into_columns(samples: int, things: int) -> None:
    holds = np.random.default_rng(5).random((samples, things)) < 0.4
    expected = words_of(np.packbits(holds.T, axis=1))
    found = sets_of_samples(holds)
    np.testing.assert_array_equal(found, expected)
    assert found.shape == (things, -(-samples // 64))


def test_common_samples_are_counted() -> None:
    rng = np.random.default_rng(2)
    first, second = rng.random((150, 7)) < 0.4, rng.random((150, 9)) < 0.6
    pairs = rng.integers(0, 7, 50), rng.integers(0, 9, 50)
    found = count_common(sets_of_samples(first), sets_of_samples(second), *pairs)
    np.testing.assert_array_equal(found, (first[:, pairs[0]] & second[:, pairs[1]]).sum(axis=0))


def test_different_things_are_told_apart_by_every_word() -> None:
    words = np.random.default_rng(3).integers(0, 3, (500, 2)).astype(np.uint64)
    first, number = distinct(words)
    expected, back = np.unique(words, axis=0, return_inverse=True)
    assert len(first) == len(expected) == 9
    np.testing.assert_array_equal(words[first][number], expected[back])
    assert all((number[:place] != number[place]).all() for place in first)


@pytest.mark.parametrize(("cms", "neurons"), [(2, 2), (16, 16), (5, 300), (17, 16), (3, 1)])
def test_codes_are_learnt_once(cms: int, neurons: int) -> None:
    rng = np.random.default_rng(4)
    pool = rng.integers(0, neurons, (40, cms)).astype(np.uint16)
    # Codes that differ in their last winner only.
    pool[20:] = pool[:20]
    pool[20:, -1] = (pool[20:, -1] + 1) % neurons
    codes, learnt = pool[rng.integers(0, 40, (300, 3))], rng.random((300, 3)) < 0.7
    bits = max(1, (neurons - 1).bit_length())
    halves = [learn(codes[part], bits, learnt[part], part.start) for part in (slice(0, 140), slice(140, 300))]
    size = sum(len(first) for _, first, _ in halves)
    found, first = np.empty((size, halves[0][0].shape[1]), np.uint64), np.empty(size, np.int64)
    ends = join(*halves, found, first)
    known = expected_sizes(codes, learnt)
    np.testing.assert_array_equal(count_known(first, ends, 0, 300), known)
    np.testing.assert_array_equal(count_known(first, ends, 100, 50), known[100:150])
    np.testing.assert_array_equal(count_new(first, ends, 100, 50), np.diff(known, axis=0)[99:149])
    for got, expected in zip(
        (found[: ends[-1]], first[: ends[-1]], ends), learn(codes, bits, learnt, 0), strict=True
    ):
        np.testing.assert_array_equal(got, expected)


def expected_sizes(codes: NDArray[np.uint16], learnt: NDArray[np.bool_]) -> NDArray[np.int64]:
    seen: list[set[bytes]] = [set() for _ in range(codes.shape[1])]
    sizes = np.empty(codes.shape[:2], np.int64)
    for sample, mac in np.ndindex(*codes.shape[:2]):
        if learnt[sample, mac]:
            seen[mac].add(codes[sample, mac].tobytes())
        sizes[sample, mac] = len(seen[mac])
    return sizes


def test_words_hold_bytes_of_any_number() -> None:
    assert words_of(np.array([[1, 0, 0, 0, 0, 0, 0, 0, 2]], np.uint8)).tolist() == [[1, 2]]
