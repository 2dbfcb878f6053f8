"""How many samples are in two sets at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.kernels.borders import bordered, check_equal, check_indices
from sparsey_trace.kernels.compiled import compiled
from sparsey_trace.kernels.words import popcount

if TYPE_CHECKING:
    from numpy.typing import NDArray


def _check(
    first: NDArray[np.uint64],
    second: NDArray[np.uint64],
    of_first: NDArray[np.int32],
    of_second: NDArray[np.int32],
) -> None:
    check_equal("pairs", len(of_first), len(of_second))
    check_equal("words", first.shape[1], second.shape[1])
    check_indices(of_first, len(first), "of_first")
    check_indices(of_second, len(second), "of_second")


@bordered(_check)
def count_common(
    first: NDArray[np.uint64],
    second: NDArray[np.uint64],
    of_first: NDArray[np.int32],
    of_second: NDArray[np.int32],
) -> NDArray[np.int64]:
    """Count for P pairs of sets what both hold.

    Args:
        first: [A, W], sets as bits.
        second: [B, W].
        of_first: [P], the one of each pair.
        of_second: [P], the other.

    Returns:
        [P] int64.
    """
    counts = np.zeros(len(of_first), np.int64)
    _count(first, second, of_first, of_second, counts)
    return counts


@compiled
def _count(
    first: NDArray[np.uint64],
    second: NDArray[np.uint64],
    of_first: NDArray[np.int32],
    of_second: NDArray[np.int32],
    counts: NDArray[np.int64],
) -> None:
    """Write the counts [P]."""
    for pair in range(counts.shape[0]):
        left, right = of_first[pair], of_second[pair]
        common = 0
        for word in range(first.shape[1]):
            common += popcount(first[left, word] & second[right, word])
        counts[pair] = common
