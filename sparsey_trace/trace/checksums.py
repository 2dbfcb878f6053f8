"""Checksums: of samples that wait in the tail, where HDF5 keeps none, and of chunks, as HDF5 has them."""

from __future__ import annotations

import math
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

_BLOCK = 1 << 13
"""How many words are summed at once: few enough for doubles to hold the sum, and for the fastest cache."""

_WEIGHTS, _ONES = np.arange(_BLOCK, 0, -1.0), np.ones(_BLOCK)


def checksums(first: int, values: Iterable[NDArray[Any]]) -> NDArray[np.uint32]:
    """A CRC-32 of each sample: of its number, as int64, and then of its values, column by column.

    The number tells a sample from the one that stood in its place before.

    Args:
        first: the first sample's number.
        values: every column's values as stored, [n, ...] each, in the order of `schema.columns`.

    Returns:
        [n] checksums.

    >>> checksums(0, [np.zeros((2, 3), np.uint8)]).tolist()
    [1804055020, 2852744748]
    """
    arrays = [np.ascontiguousarray(column) for column in values]
    numbers = np.arange(first, first + len(arrays[0]), dtype=np.int64)
    flat = [column.reshape(len(column), math.prod(column.shape[1:])) for column in (numbers, *arrays)]
    parts = [column.view(np.uint8) for column in flat]
    return np.array([zlib.crc32(sample) for sample in np.concatenate(parts, axis=1)], np.uint32)


def fletcher32(data: bytes) -> int:
    """The Fletcher32 that HDF5 stores behind a chunk, as a little-endian number.

    It is of big-endian words of 16 bits, the last one filled up with a zero.

    Args:
        data: what stands before it in the file.

    >>> hex(fletcher32(b"abcde"))
    '0x4ff029c7'
    """
    words = np.frombuffer(data + b"\0" * (len(data) % 2), "<u2")
    first = second = 0
    for start in range(0, len(words), _BLOCK):
        block = words[start : start + _BLOCK].astype(np.float64)
        second += len(block) * first + int(block @ _WEIGHTS[-len(block) :])
        # As fast as the product above, which a plain sum is not.
        first += int(block @ _ONES[: len(block)])
    return _folded(second) << 16 | _folded(first)


def _folded(total: int) -> int:
    # Times 256 swaps the bytes of every word, modulo 65,535, of which HDF5 leaves 65,535 and not 0.
    return (total * 256 - 1) % 65535 + 1 if total else 0
