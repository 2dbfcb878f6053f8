"""Which of many things are different."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.kernels.borders import bordered, check_room
from sparsey_trace.kernels.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FREE = -1


def _check(words: NDArray[np.uint64]) -> None:
    check_room(words.shape[1], 1, "words")


@bordered(_check)
@compiled
def distinct(words: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Tell things apart by their words, whose first should look random, such as a digest's.

    Args:
        words: [n, W].

    Returns:
        Where each different one stands first [C] int64, in that order; and for all, which of these they are [n]
        int64.
    """
    room = 2
    while room < 2 * len(words):
        room *= 2
    table, first = np.empty(room, np.int64), np.empty(len(words), np.int64)
    table[:] = _FREE
    number = np.empty(len(words), np.int64)
    count = 0
    for index in range(len(words)):
        slot = np.int64(words[index, 0] & np.uint64(room - 1))
        word = 0
        while table[slot] != _FREE and word < words.shape[1]:
            known, word = first[table[slot]], 0
            while word < words.shape[1] and words[known, word] == words[index, word]:
                word += 1
            slot = slot + (word < words.shape[1]) & (room - 1)
        if table[slot] == _FREE:
            table[slot] = count
            first[count] = index
            count += 1
        number[index] = table[slot]
    return first[:count].copy(), number
