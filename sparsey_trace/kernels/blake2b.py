"""BLAKE2b (RFC 7693) of many rows at once, without the interpreter's lock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.kernels.borders import bordered, check_room
from sparsey_trace.kernels.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BLOCK = 128
_START = np.array(
    [
        0x6A09E667F3BCC908,
        0xBB67AE8584CAA73B,
        0x3C6EF372FE94F82B,
        0xA54FF53A5F1D36F1,
        0x510E527FADE682D1,
        0x9B05688C2B3E6C1F,
        0x1F83D9ABFB41BD6B,
        0x5BE0CD19137E2179,
    ],
    np.uint64,
)
_ORDERS = np.array(
    [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
        [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
        [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
        [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
        [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
        [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
        [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
        [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
        [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
        [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
        [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
    ],
    np.uint64,
)
_PLACES = np.array(
    [
        [0, 4, 8, 12],
        [1, 5, 9, 13],
        [2, 6, 10, 14],
        [3, 7, 11, 15],
        [0, 5, 10, 15],
        [1, 6, 11, 12],
        [2, 7, 8, 13],
        [3, 4, 9, 14],
    ],
    np.uint64,
)


def _check(rows: NDArray[np.uint8], size: int, key: NDArray[np.uint8]) -> None:
    for name, length in (("size", size), ("key", len(key))):
        check_room(64, length, name)
        check_room(length, 1, name)


@bordered(_check)
@compiled
def blake2b_rows(rows: NDArray[np.uint8], size: int, key: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """[n, size], the digests of rows [n, B] of bytes; `size` and the key's length from 1 to 64."""
    found = np.empty((len(rows), size), np.uint8)
    keyed, state = np.empty(8, np.uint64), np.empty(8, np.uint64)
    words, mixed = np.empty(16, np.uint64), np.empty(16, np.uint64)
    for word in range(8):
        keyed[word] = _START[word]
    keyed[0] ^= np.uint64(0x01010000 ^ (len(key) << 8) ^ size)
    length = rows.shape[1]
    # All rows begin with the block of the key.
    _load(key, 0, words)
    _compress(keyed, words, mixed, _BLOCK, length == 0)
    for row in range(len(rows)):
        for word in range(8):
            state[word] = keyed[word]
        for begin in range(0, length, _BLOCK):
            _load(rows[row], begin, words)
            end = min(begin + _BLOCK, length)
            _compress(state, words, mixed, _BLOCK + end, end == length)
        for byte in range(size):
            found[row, byte] = state[byte >> 3] >> np.uint64(8 * (byte & 7)) & np.uint64(0xFF)
    return found


@compiled
def _load(row: NDArray[np.uint8], begin: int, words: NDArray[np.uint64]) -> None:
    """Fill words [16] with a block of a row, zeros behind its end."""
    for word in range(16):
        at, value = begin + 8 * word, np.uint64(0)
        if at + 8 <= len(row):
            for byte in range(8):
                value |= np.uint64(row[at + byte]) << np.uint64(8 * byte)
        else:
            for byte in range(len(row) - at):
                value |= np.uint64(row[at + byte]) << np.uint64(8 * byte)
        words[word] = value


@compiled
def _compress(
    state: NDArray[np.uint64], words: NDArray[np.uint64], mixed: NDArray[np.uint64], taken: int, is_last: bool
) -> None:
    """Take a block into the state [8]; `taken` bytes are in it then, and `mixed` [16] is scratch."""
    for word in range(8):
        mixed[word], mixed[word + 8] = state[word], _START[word]
    mixed[12] ^= np.uint64(taken)
    if is_last:
        mixed[14] = ~mixed[14]
    for turn in range(12):
        for one in range(8):
            _mix(mixed, _PLACES[one], words[_ORDERS[turn, 2 * one]], words[_ORDERS[turn, 2 * one + 1]])
    for word in range(8):
        state[word] ^= mixed[word] ^ mixed[word + 8]


@compiled
def _mix(mixed: NDArray[np.uint64], places: NDArray[np.uint64], first: int, second: int) -> None:
    a, b, c, d = mixed[places[0]], mixed[places[1]], mixed[places[2]], mixed[places[3]]
    a += b + first
    d = _turned(d ^ a, 32)
    c += d
    b = _turned(b ^ c, 24)
    a += b + second
    d = _turned(d ^ a, 16)
    c += d
    b = _turned(b ^ c, 63)
    mixed[places[0]], mixed[places[1]], mixed[places[2]], mixed[places[3]] = a, b, c, d


@compiled
def _turned(word: Any, bits: int) -> Any:
    """A word whose bits go to the right, those of the right end to the left."""
    return (word >> np.uint64(bits)) | (word << np.uint64(64 - bits))
