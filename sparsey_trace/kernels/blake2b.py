"""BLAKE2b (RFC 7693) of many rows at once, without the interpreter's lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.kernels.borders import bordered, check_room
from sparsey_trace.kernels.compiled import compiled, inlined

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
    np.int64,
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
def blake2b_rows(rows: NDArray[np.uint8], size: int, key: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """[n, size], the digests of rows [n, B] of bytes; `size` and the key's length from 1 to 64."""
    states = _START[None].copy()
    states[0, 0] ^= np.uint64(0x01010000 ^ (len(key) << 8) ^ size)
    mixed, length = np.empty(16, np.uint64), _BLOCK + rows.shape[1]
    # All rows begin with the block of the key.
    _take_in(_words(key[None]), 0, length, mixed, states)
    states = states.repeat(len(rows), axis=0)
    _take_in(_words(rows), _BLOCK, length, mixed, states)
    return np.ascontiguousarray(states.astype("<u8").view(np.uint8)[:, :size])


def _words(rows: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Rows [n, B] of bytes as whole blocks of words, zeros behind the end."""
    blocks = np.zeros((len(rows), -(-rows.shape[1] // _BLOCK) * _BLOCK), np.uint8)
    blocks[:, : rows.shape[1]] = rows
    return blocks.view("<u8").astype(np.uint64, copy=False)


@compiled
def _take_in(
    words: NDArray[np.uint64], before: int, length: int, mixed: NDArray[np.uint64], states: NDArray[np.uint64]
) -> None:
    """Take blocks [n, 16 * blocks] into states [n, 8].

    Args:
        words: the blocks.
        before: how many bytes were taken in before.
        length: how many there are in all.
        mixed: [16], room to work in.
        states: changed.
    """
    for row in range(words.shape[0]):
        for begin in range(0, words.shape[1], 16):
            taken = min(before + 8 * begin + _BLOCK, length)
            for word in range(8):
                mixed[word], mixed[word + 8] = states[row, word], _START[word]
            mixed[12] ^= np.uint64(taken)
            if taken == length:
                mixed[14] = ~mixed[14]
            for turn in range(12):
                for one in range(8):
                    _mix(
                        mixed,
                        one,
                        words[row, begin + _ORDERS[turn, 2 * one]],
                        words[row, begin + _ORDERS[turn, 2 * one + 1]],
                    )
            for word in range(8):
                states[row, word] ^= mixed[word] ^ mixed[word + 8]


@inlined
def _mix(mixed: NDArray[np.uint64], one: int, first: np.uint64, second: np.uint64) -> None:
    """Mix two words into the four that are at one of eight places."""
    at, to, third, last = _PLACES[one, 0], _PLACES[one, 1], _PLACES[one, 2], _PLACES[one, 3]
    a, b, c, d = mixed[at], mixed[to], mixed[third], mixed[last]
    a += b + first
    d ^= a
    d = d >> 32 | d << 32
    c += d
    b ^= c
    b = b >> 24 | b << 40
    a += b + second
    d ^= a
    d = d >> 16 | d << 48
    c += d
    b ^= c
    b = b >> 63 | b << 1
    mixed[at], mixed[to], mixed[third], mixed[last] = a, b, c, d
