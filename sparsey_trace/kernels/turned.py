"""Rows of bits turned into columns of bits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.kernels.borders import bordered, check_room
from sparsey_trace.kernels.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray


def _check(rows: NDArray[np.uint8], columns: int) -> None:
    check_room(8 * rows.shape[1], columns, "bits")


@bordered(_check)
@compiled
def turned(rows: NDArray[np.uint8], columns: int) -> NDArray[np.uint8]:
    """The columns of rows of bits, in the order of `numpy.packbits` both.

    Args:
        rows: [n, B], at least as many bits a row as there are columns.
        columns: X, how many.

    Returns:
        [X, 8 * ceil(n / 64)] uint8, with zeros behind the n bits of each.
    """
    found = np.zeros((columns, -(-len(rows) // 64) * 8), np.uint8)
    for byte in range(-(-columns // 8)):
        for first in range(0, len(rows), 8):
            eight = np.uint64(0)
            for row in range(first, min(first + 8, len(rows))):
                eight |= np.uint64(rows[row, byte]) << np.uint64(8 * (first + 7 - row))
            eight = _turned(eight)
            for column in range(8 * byte, min(8 * byte + 8, columns)):
                found[column, first // 8] = eight >> np.uint64(8 * (8 * byte + 7 - column)) & np.uint64(255)
    return found


@compiled
def _turned(eight: np.uint64) -> np.uint64:
    """Of 8 by 8 bits the rows as columns: swapped one by one, then two by two, then four by four."""
    swapped = (eight ^ eight >> np.uint64(7)) & np.uint64(0x00AA00AA00AA00AA)
    eight ^= swapped ^ swapped << np.uint64(7)
    swapped = (eight ^ eight >> np.uint64(14)) & np.uint64(0x0000CCCC0000CCCC)
    eight ^= swapped ^ swapped << np.uint64(14)
    swapped = (eight ^ eight >> np.uint64(28)) & np.uint64(0x00000000F0F0F0F0)
    return eight ^ swapped ^ swapped << np.uint64(28)
