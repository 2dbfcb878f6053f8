"""Counting bits by the word: 64 samples at a time.

Arrays here are bit-sliced: the last axis runs over samples, packed 64 to a uint64, so that one
operation on a word works on 64 samples at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def pack_samples(values: NDArray[Any]) -> NDArray[np.uint64]:
    """[n, X] booleans to [X, ceil(n / 64)] words."""
    size, width = values.shape
    packed = np.packbits(np.ascontiguousarray(values.T), axis=1)
    words = np.zeros((width, -(-size // 64) * 8), np.uint8)
    words[:, : packed.shape[1]] = packed
    return words.view(np.uint64)


def unpack_samples(words: NDArray[np.uint64], size: int) -> NDArray[np.uint8]:
    """[..., W] words to [..., n] zeros and ones, for the first n samples."""
    return np.unpackbits(np.ascontiguousarray(words).view(np.uint8), axis=-1, count=size)


def count_bits(words: NDArray[np.uint64], size: int) -> NDArray[np.int64]:
    """How many of the P words at each place have a sample's bit set.

    Args:
        words: [P, X, W], P things to count for each of X.
        size: n, the number of samples.

    Returns:
        [n, X] int64.
    """
    counts = np.zeros((words.shape[1], size), np.int64)
    for weight, plane in enumerate(_digits(words)):
        counts += unpack_samples(plane, size).astype(np.int64) << weight
    return counts.T


def _digits(words: NDArray[np.uint64]) -> list[NDArray[np.uint64]]:
    """The binary digits of the counts, lowest first, by full adders that take three words to two."""
    digits, column = [], [words]
    while column:
        carries: list[NDArray[np.uint64]] = []
        rest = np.concatenate(column) if len(column) > 1 else column[0]
        while len(rest) > 1:
            thirds = len(rest) // 3
            if thirds:
                a, b, c = rest[:thirds], rest[thirds : 2 * thirds], rest[2 * thirds : 3 * thirds]
                half = a ^ b
                carries.append(a & b | half & c)
                rest = np.concatenate([half ^ c, rest[3 * thirds :]])
            else:
                carries.append(rest[:1] & rest[1:])
                rest = rest[:1] ^ rest[1:]
        digits.append(rest[0]) if len(rest) else None
        column = carries
    return digits
