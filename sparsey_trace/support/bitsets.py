"""Sets of samples, as bits in words: what kernels work on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def sets_of_samples(holds: NDArray[Any]) -> NDArray[np.uint64]:
    """For each of X things, the samples that it holds for.

    Args:
        holds: [n, X] booleans.

    Returns:
        [X, ceil(n / 64)] uint64, samples in the order of `numpy.packbits`.
    """
    return sets_of_packed(np.packbits(holds, axis=1), holds.shape[1])


def sets_of_packed(rows: NDArray[np.uint8], things: int) -> NDArray[np.uint64]:
    """The same from the rows [n, ceil(X / 8)] packed, of X things."""
    from sparsey_trace.kernels.turned import turned

    return turned(rows, things).view(np.uint64)


def words_of(packed: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """[n, B] bytes as [n, ceil(B / 8)] words, with zeros behind."""
    words = np.zeros((len(packed), -(-packed.shape[1] // 8) * 8), np.uint8)
    words[:, : packed.shape[1]] = packed
    return words.view(np.uint64)
