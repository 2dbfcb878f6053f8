"""Draws are without bias; what they are drawn by are digests of what candidates are."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
import pytest

from sparsey_trace.metrics.folding.draws import digests, draw_samples, priorities


def test_draws_are_without_bias() -> None:
    counts = np.zeros(40)
    for seed in range(2000):
        chosen, until = draw_samples(priorities(np.arange(40), seed), np.arange(40), 10)
        counts[chosen[until == np.iinfo(np.int64).max]] += 1
    # Each of 40 is drawn 500 times of 2,000; the standard deviation is 19.
    assert np.abs(counts - 500).max() < 5 * 19


@pytest.mark.parametrize(
    "rows",
    [
        np.arange(12, dtype=np.uint8).reshape(3, 4),
        np.arange(12).reshape(3, 4)[:, ::2],
        np.arange(8, dtype=np.float32).reshape(2, 2, 2),
        np.frombuffer(bytes(range(32)), np.dtype((np.void, 16))),
        np.zeros((2, 2047), np.uint8),
        np.ones((2, 2048), np.uint8),
        np.arange(5),
        np.empty((0, 4)),
        np.empty((2, 0)),
    ],
    ids=lambda rows: f"{rows.dtype} {rows.shape}",
)
def test_a_digest_is_of_a_row_s_bytes_and_of_the_seed(rows: np.ndarray) -> None:
    for seed in (0, -3):
        key = seed.to_bytes(8, "little", signed=True)
        found = digests(rows, size=16, seed=seed)
        expected = [blake2b(row.tobytes(), digest_size=16, key=key).digest() for row in rows]
        assert [one.tobytes() for one in found] == expected
