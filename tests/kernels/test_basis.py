"""Sets of codes, against what sets of Python make of the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sparsey_trace.kernels.basis import count_known, count_new, join, learn, tally

if TYPE_CHECKING:
    from numpy.typing import NDArray


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
    places = np.empty(size, np.int64)
    ends = join(*halves, found, first, places)
    np.testing.assert_array_equal(found[places], np.concatenate([codes for codes, _, _ in halves]))
    known = expected_sizes(codes, learnt)
    np.testing.assert_array_equal(count_known(first, ends, 0, 300), known)
    np.testing.assert_array_equal(count_known(first, ends, 100, 50), known[100:150])
    np.testing.assert_array_equal(count_new(first, ends, 100, 50), np.diff(known, axis=0)[99:149])
    for got, expected in zip(
        (found[: ends[-1]], first[: ends[-1]], ends), learn(codes, bits, learnt, 0), strict=True
    ):
        np.testing.assert_array_equal(got, expected)


def test_codes_are_counted_label_by_label() -> None:
    rng = np.random.default_rng(5)
    codes, counted = rng.integers(0, 3, (200, 2, 3)).astype(np.uint8), rng.random((200, 2)) < 0.7
    label = rng.choice(np.array([-1, 4, np.iinfo(np.int64).min]), 200)
    (found, first, ends), count, last = tally(codes, 2, counted, label)
    for mac, start in enumerate([0, ends[0]]):
        seen: dict[tuple[bytes, int], list[int]] = {}
        for sample in np.flatnonzero(counted[:, mac]).tolist():
            seen.setdefault((codes[sample, mac].tobytes(), int(label[sample])), []).append(sample)
        mine = slice(start, ends[mac])
        assert found[mine, -1].astype(np.int64).tolist() == [of for _, of in seen]
        assert first[mine].tolist() == [samples[0] for samples in seen.values()]
        assert last[mine].tolist() == [samples[-1] for samples in seen.values()]
        assert count[mine].tolist() == [len(samples) for samples in seen.values()]


def test_pairs_of_no_samples_have_a_word_for_the_label() -> None:
    (found, _, ends), _, _ = tally(
        np.empty((0, 2, 3), np.uint8), 2, np.empty((0, 2), np.bool_), np.empty(0, np.int64)
    )
    assert (found.shape, ends.tolist()) == ((0, 2), [0, 0])


def expected_sizes(codes: NDArray[np.uint16], learnt: NDArray[np.bool_]) -> NDArray[np.int64]:
    seen: list[set[bytes]] = [set() for _ in range(codes.shape[1])]
    sizes = np.empty(codes.shape[:2], np.int64)
    for sample, mac in np.ndindex(*codes.shape[:2]):
        if learnt[sample, mac]:
            seen[mac].add(codes[sample, mac].tobytes())
        sizes[sample, mac] = len(seen[mac])
    return sizes
