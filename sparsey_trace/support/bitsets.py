"""Sets of samples, as bits in words: what kernels work on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SWAPPED = [
    (np.uint64(7), np.uint64(0x00AA00AA00AA00AA)),
    (np.uint64(14), np.uint64(0x0000CCCC0000CCCC)),
    (np.uint64(28), np.uint64(0x00000000F0F0F0F0)),
]
"""What turns 8 by 8 bits in three moves: swapped one by one, then two by two, then four by four."""


def packed_rows(flags: NDArray[Any]) -> NDArray[np.uint8]:
    """Flags [n, count] as `numpy.packbits` packs them along the last axis: [n, ceil(count / 8)]."""
    if flags.shape[-1] % 8:
        return np.packbits(flags, axis=-1)
    # No row shares a byte with another. One long row takes half the time, and leaves other threads the interpreter.
    return np.packbits(flags.reshape(-1)).reshape(len(flags), flags.shape[-1] // 8)


def sets_of_samples(holds: NDArray[Any]) -> NDArray[np.uint64]:
    """For each of X things, the samples that it holds for.

    Args:
        holds: [n, X] booleans.

    Returns:
        [X, ceil(n / 64)] uint64, samples in the order of `numpy.packbits`.
    """
    return sets_of_packed(packed_rows(holds), holds.shape[1])


def sets_of_packed(rows: NDArray[np.uint8], things: int) -> NDArray[np.uint64]:
    """The same from the rows [n, ceil(X / 8)] packed, of X things."""
    eights = np.zeros((-(-len(rows) // 64) * 8, 8, rows.shape[1]), np.uint8)
    eights.reshape(-1, rows.shape[1])[: len(rows)] = rows
    # Eight rows of eight bits are a word, the first row its highest byte.
    words = np.ascontiguousarray(eights.transpose(0, 2, 1)).view(">u8")[..., 0].astype(np.uint64)
    for distance, kept in _SWAPPED:
        swapped = (words ^ words >> distance) & kept
        words ^= swapped ^ swapped << distance
    turned = words.astype(">u8").view(np.uint8).reshape(len(eights), 8 * rows.shape[1])
    return np.ascontiguousarray(turned.T[:things]).view(np.uint64)


def words_of(packed: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """[n, B] bytes as [n, ceil(B / 8)] words, with zeros behind; the same memory where none is needed for these."""
    if packed.shape[1] % 8 == 0 and packed.flags.c_contiguous:
        same = packed.view(np.uint64)
        # Kernels are compiled for arrays of the usual kind only.
        if same.flags.carray:
            return same
    words = np.zeros((len(packed), -(-packed.shape[1] // 8) * 8), np.uint8)
    words[:, : packed.shape[1]] = packed
    return words.view(np.uint64)
