"""The checksum that HDF5 keeps of a chunk."""

from __future__ import annotations

import numpy as np

_BLOCK = 1 << 13
"""How many words are summed at once: few enough for doubles to hold the sum, and for the fastest cache."""

_WEIGHTS, _ONES = np.arange(_BLOCK, 0, -1.0), np.ones(_BLOCK)


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
