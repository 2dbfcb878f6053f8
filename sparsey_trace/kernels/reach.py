"""Sets of samples, as bits in words: united, and counted.

A word holds 64 samples, so one operation on it works on 64 of them at once, and one on a vector register
on several times as many.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.kernels.borders import bordered, check_ends, check_equal, check_room
from sparsey_trace.kernels.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray


_ACROSS = 16
"""Samples whose counts are turned at once: a line of the cache."""

_WORDS = 16
"""Of every set so many words at most are worked on before the next ones: the sets of two layers stay in the cache."""

_AT_WORK = 1 << 22
"""Words of a layer's sets that are worked on at once, unless one of each is more already."""


def _check_reach(
    on: NDArray[np.uint64],
    active: NDArray[np.uint64],
    sources: NDArray[np.int32],
    ends: NDArray[np.int64],
    features: NDArray[np.int32],
    mac_ends: NDArray[np.int64],
    layer_ends: NDArray[np.int64],
) -> None:
    check_equal("words", on.shape[1], active.shape[1])
    check_equal("pairs", len(ends), len(features))
    check_ends(mac_ends, len(ends), "mac_ends")
    check_ends(layer_ends, len(mac_ends), "layer_ends")
    check_room(len(active), len(mac_ends), "active")
    check_room(int(np.diff(layer_ends, prepend=0).min()), 1, "layers")


@bordered(_check_reach)
@compiled
def count_reach(
    on: NDArray[np.uint64],
    active: NDArray[np.uint64],
    sources: NDArray[np.int32],
    ends: NDArray[np.int64],
    features: NDArray[np.int32],
    mac_ends: NDArray[np.int64],
    layer_ends: NDArray[np.int64],
) -> NDArray[np.int32]:
    """How many of a sample's features reach each MAC, and each layer as a whole.

    Pairs (MAC, feature in its field) stand MAC by MAC, layer by layer. A feature reaches a MAC in samples for which
    the MAC is active and the feature is on, or has reached a source of it.

    Args:
        on: [D, W], for each feature the samples in which it is on.
        active: [M, W], for each MAC the samples for which it is active.
        sources: [E], for each pair, one pair after the other, those of the layer below with the same feature, counted
            from that layer's first; in the first layer the feature.
        ends: [P], where the sources of each pair end.
        features: [P], the feature of each pair.
        mac_ends: [M], where the pairs of each MAC end.
        layer_ends: [L], where the MACs of each layer end.

    Returns:
        [M + L, 64 * W] int32, the samples in the order of `numpy.packbits`; and what is to be ignored behind them.
    """
    width, spread = on.shape[1], _spread()
    # A little longer than a power of two, or the lines of neighbours would push each other out of the cache.
    counts = np.empty((len(mac_ends) + len(layer_ends), 64 * width + 32), np.int32)
    at_once = max(1, min(_WORDS, _AT_WORK // _most(mac_ends, layer_ends)))
    for start in range(0, width, at_once):
        words = min(at_once, width - start)
        reach = on[:, start : start + words].copy()
        first = mac = 0
        for layer in range(len(layer_ends)):
            macs = mac_ends[mac : layer_ends[layer]]
            reach = _above(reach, active[mac:, start : start + words], sources, ends, first, macs)
            begin = 0
            for end in macs:
                _write(_digits(reach, begin, end - first), counts, mac, start, spread)
                begin, mac = end - first, mac + 1
            whole = _whole(reach, features, first, len(on))
            _write(_digits(whole, 0, len(whole)), counts, len(mac_ends) + layer, start, spread)
            first += len(reach)
    return counts


@compiled
def _most(mac_ends: NDArray[np.int64], layer_ends: NDArray[np.int64]) -> int:
    """How many pairs the layer with the most has."""
    most = start = 0
    for end in layer_ends:
        most, start = max(most, mac_ends[end - 1] - start), mac_ends[end - 1]
    return most


@compiled
def _above(
    below: NDArray[np.uint64],
    active: NDArray[np.uint64],
    sources: NDArray[np.int32],
    ends: NDArray[np.int64],
    first: int,
    macs: NDArray[np.int64],
) -> NDArray[np.uint64]:
    """The sets of a layer's pairs, of which the first has that number, from those of the layer below."""
    # An array made here can't overlap the others: only then are several words united at once.
    united = np.zeros((macs[-1] - first, below.shape[1]), np.uint64)
    pair, edge = first, ends[first - 1] if first else 0
    for mac in range(len(macs)):
        while pair < macs[mac]:
            # Far more than what else is checked, and read here anyway.
            if ends[pair] > len(sources):
                raise IndexError("ends: expected numbers of sources, found more")  # noqa: EM101 - compiled
            while edge < ends[pair]:
                source = sources[edge]
                if source < 0 or source >= len(below):
                    raise IndexError("sources: expected indices of the layer below, found others")  # noqa: EM101 - compiled
                for word in range(below.shape[1]):
                    united[pair - first, word] |= below[source, word]
                edge += 1
            for word in range(below.shape[1]):
                united[pair - first, word] &= active[mac, word]
            pair += 1
    return united


@compiled
def _whole(
    reach: NDArray[np.uint64], features: NDArray[np.int32], first: int, count: int
) -> NDArray[np.uint64]:
    """[D, W], for each of so many features the samples in which any of a layer's pairs has it."""
    united = np.zeros((count, reach.shape[1]), np.uint64)
    for pair in range(len(reach)):
        feature = features[first + pair]
        if feature < 0 or feature >= count:
            raise IndexError("features: expected indices of features, found others")  # noqa: EM101 - compiled
        for word in range(reach.shape[1]):
            united[feature, word] |= reach[pair, word]
    return united


@compiled
def _digits(sets: NDArray[np.uint64], start: int, stop: int) -> NDArray[np.uint64]:
    """[num_digits, W], the binary digits of the counts, lowest first."""
    num_digits = 3
    while stop - start >> num_digits:
        num_digits += 1
    width = sets.shape[1]
    digits, carry = np.zeros((num_digits, width), np.uint64), np.empty(width, np.uint64)
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
    for index in range(lowest, len(digits)):
        for word in range(digits.shape[1]):
            digit = digits[index, word]
            digits[index, word] = digit ^ carry[word]
            carry[word] &= digit


@compiled
def _write(
    digits: NDArray[np.uint64],
    counts: NDArray[np.int32],
    thing: int,
    start: int,
    spread: NDArray[np.uint64],
) -> None:
    for word in range(digits.shape[1]):
        for byte in range(8):
            for first in range(0, len(digits), 8):
                # Eight digits of eight samples: a byte of each one's count.
                eight = np.uint64(0)
                for index in range(first, min(first + 8, len(digits))):
                    bits = digits[index, word] >> np.uint64(8 * byte) & np.uint64(255)
                    eight |= spread[bits] << np.uint64(index - first)
                for sample in range(8):
                    part = np.int32(eight >> np.uint64(8 * sample) & np.uint64(255))
                    index = 64 * (start + word) + 8 * byte + sample
                    counts[thing, index] = part << first | (counts[thing, index] if first else 0)


@compiled
def _spread() -> NDArray[np.uint64]:
    """[256], for each byte its bits, highest first, as the eight bytes of a word, lowest first."""
    spread = np.zeros(256, np.uint64)
    for byte in range(256):
        for index in range(8):
            spread[byte] |= np.uint64(byte >> (7 - index) & 1) << np.uint64(8 * index)
    return spread


def _check_share(
    counts: NDArray[np.int32], begin: int, on: NDArray[np.int64], shares: NDArray[np.float64]
) -> None:
    check_equal("samples", len(on), len(shares))
    check_room(counts.shape[1], len(on), "samples")
    check_room(begin, 0, "things")
    check_room(len(counts), begin + shares.shape[1], "things")


@bordered(_check_share)
@compiled
def share(counts: NDArray[np.int32], begin: int, on: NDArray[np.int64], shares: NDArray[np.float64]) -> None:
    """Write what share [n, X] counts are of what is on [n]; all of it where nothing is.

    Args:
        counts: from `count_reach`.
        begin: the first of the X that are asked for.
        on: [n].
        shares: [n, X].
    """
    count, things = shares.shape
    turned = np.empty((_ACROSS, things))
    for first in range(0, count, _ACROSS):
        size = min(_ACROSS, count - first)
        for thing in range(things):
            for index in range(size):
                turned[index, thing] = counts[begin + thing, first + index]
        for index in range(size):
            number = np.float64(on[first + index])
            for thing in range(things):
                share = turned[index, thing] / number if number else 1.0
                shares[first + index, thing] = share
