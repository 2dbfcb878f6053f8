"""Bits of words are counted."""

import numpy as np

from sparsey_trace.kernels.compiled import compiled
from sparsey_trace.kernels.words import popcount


@compiled
def ones(words: np.ndarray) -> int:
    total = 0
    for word in words:
        total += popcount(word)
    return total


def test_ones_are_counted_up_to_the_highest() -> None:
    words = np.array([0, 1, 1 << 63, (1 << 64) - 1, 0xAAAA], np.uint64)
    assert ones(words) == sum(int(word).bit_count() for word in words)
