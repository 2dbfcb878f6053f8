"""Sets of samples, as bits in words: united, and counted.

A word holds 64 samples, so one operation on it works on 64 of them at once, and one on a vector register
on several times as many.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.kernels.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray


@compiled
def unite(
    below: NDArray[np.uint64], sources: NDArray[np.int32], ends: NDArray[np.int64]
) -> NDArray[np.uint64]:
    """Unions of sets.

    Args:
        below: [S, W], the sets.
        sources: [E], the sets of each union, one union after the other.
        ends: [P], where those of each union end.

    Returns:
        [P, W] uint64.
    """
    united = np.zeros((len(ends), below.shape[1]), np.uint64)
    edge = 0
    for union in range(len(ends)):
        while edge < ends[union]:
            source = sources[edge]
            for word in range(below.shape[1]):
                united[union, word] |= below[source, word]
            edge += 1
    return united


@compiled
def restrict(sets: NDArray[np.uint64], ends: NDArray[np.int64], to: NDArray[np.uint64]) -> None:
    """Keep of the sets [P, W], which belong to X things one after the other, what is also in the thing's [X, W]."""
    start = 0
    for thing in range(len(ends)):
        for number in range(start, ends[thing]):
            for word in range(sets.shape[1]):
                sets[number, word] &= to[thing, word]
        start = ends[thing]


@compiled
def count(sets: NDArray[np.uint64], ends: NDArray[np.int64]) -> NDArray[np.int32]:
    """In how many of a thing's sets each sample is.

    Args:
        sets: [P, W].
        ends: [X], where the sets of each of X things end.

    Returns:
        [64 * W, X] int32, the samples in the order of `numpy.packbits`.
    """
    counts = np.zeros((64 * sets.shape[1], len(ends)), np.int32)
    spread = _spread()
    start = 0
    for thing in range(len(ends)):
        _write(_digits(sets, start, ends[thing]), counts, thing, spread)
        start = ends[thing]
    return counts


@compiled
def _digits(sets: NDArray[np.uint64], start: int, stop: int) -> NDArray[np.uint64]:
    """[places, W], the binary digits of the counts, lowest first."""
    places = 3
    while stop - start >> places:
        places += 1
    width = sets.shape[1]
    digits, carry = np.zeros((places, width), np.uint64), np.empty(width, np.uint64)
    while stop - start >= 7:
        for word in range(width):
            # Seven at once, by adders that take three bits to two.
            a, b, c = sets[start, word], sets[start + 1, word], sets[start + 2, word]
            d, e, f = sets[start + 3, word], sets[start + 4, word], sets[start + 5, word]
            g = sets[start + 6, word]
            left, right = a ^ b ^ c, d ^ e ^ f
            ones = left ^ right ^ g
            x, y, z = a & b | (a ^ b) & c, d & e | (d ^ e) & f, left & right | (left ^ right) & g
            twos, fours = x ^ y ^ z, x & y | (x ^ y) & z
            low, middle, high = digits[0, word], digits[1, word], digits[2, word]
            digits[0, word] = low ^ ones
            over = low & ones
            digits[1, word] = middle ^ twos ^ over
            over = middle & twos | (middle ^ twos) & over
            digits[2, word] = high ^ fours ^ over
            carry[word] = high & fours | (high ^ fours) & over
        _carry(digits, 3, carry)
        start += 7
    for number in range(start, stop):
        for word in range(width):
            carry[word] = sets[number, word]
        _carry(digits, 0, carry)
    return digits


@compiled
def _carry(digits: NDArray[np.uint64], lowest: int, carry: NDArray[np.uint64]) -> None:
    for place in range(lowest, len(digits)):
        for word in range(digits.shape[1]):
            digit = digits[place, word]
            digits[place, word] = digit ^ carry[word]
            carry[word] &= digit


@compiled
def _write(
    digits: NDArray[np.uint64], counts: NDArray[np.int32], thing: int, spread: NDArray[np.uint64]
) -> None:
    for word in range(digits.shape[1]):
        for byte in range(8):
            for first in range(0, len(digits), 8):
                # Eight digits of eight samples: a byte of each one's count.
                eight = np.uint64(0)
                for place in range(first, min(first + 8, len(digits))):
                    bits = digits[place, word] >> np.uint64(8 * byte) & np.uint64(255)
                    eight |= spread[bits] << np.uint64(place - first)
                for sample in range(8):
                    part = np.int32(eight >> np.uint64(8 * sample) & np.uint64(255))
                    counts[64 * word + 8 * byte + sample, thing] |= part << first


@compiled
def _spread() -> NDArray[np.uint64]:
    """[256], for each byte its bits, highest first, as the eight bytes of a word, lowest first."""
    spread = np.zeros(256, np.uint64)
    for byte in range(256):
        for place in range(8):
            spread[byte] |= np.uint64(byte >> (7 - place) & 1) << np.uint64(8 * place)
    return spread


@compiled
def share(counts: NDArray[np.int32], on: NDArray[np.int64], shares: NDArray[np.float64]) -> None:
    """Write what share [n, M] counts [n, M] are of what is on [n]; all of it where nothing is."""
    for sample in range(counts.shape[0]):
        for thing in range(counts.shape[1]):
            shares[sample, thing] = counts[sample, thing] / on[sample] if on[sample] else 1.0
