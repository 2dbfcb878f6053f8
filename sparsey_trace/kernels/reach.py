"""Sets of samples, as bits in words: united, and counted.

A word holds 64 samples, so one operation on it works on 64 of them at once, and one on a vector register
on several times as many.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.kernels.borders import bordered, check_ends, check_equal, check_room
from sparsey_trace.kernels.compiled import compiled, inlined

if TYPE_CHECKING:
    from numpy.typing import NDArray


_ACROSS = 64
"""Samples whose counts are turned at once, so that they stay in the cache."""

_WORDS = 16
"""Of every set so many words at most are worked on before the next ones: the sets of two layers stay in the cache."""

_AT_WORK = 1 << 22
"""Words of a layer's sets that are worked on at once, unless one of each is more already."""

_WRONG = (
    "",
    "ends: expected numbers of sources, found more",
    "sources: expected indices of the layer below, found others",
    "features: expected indices of features, found others",
)
"""What may be found on the way, as looking for it before would read everything twice."""

_NOTHING, _BYTE = np.uint64(0), np.uint64(255)

_SPREAD = np.unpackbits(np.arange(256, dtype=np.uint8)).reshape(256, 8).view(np.uint64).ravel()
"""[256], for each byte its bits, highest first, as the eight bytes of a word, lowest first."""


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
    width, sizes = on.shape[1], np.diff(mac_ends[layer_ends - 1], prepend=0)
    # A little longer than a power of two, or the lines of neighbours would push each other out of the cache.
    counts = np.empty((len(mac_ends) + len(layer_ends), 64 * width + 32), np.int32)
    at_once = max(1, min(_WORDS, _AT_WORK // int(sizes.max())))
    for start in range(0, width, at_once):
        words = slice(start, min(start + at_once, width))
        reach = np.ascontiguousarray(on[:, words])
        first = mac = 0
        for layer, (end, size) in enumerate(zip(layer_ends.tolist(), sizes.tolist(), strict=True)):
            united = np.zeros((size, reach.shape[1]), np.uint64)
            whole = np.zeros((len(on), reach.shape[1]), np.uint64)
            active_words = np.ascontiguousarray(active[mac:end, words])
            wrong = _unite(
                reach, active_words, sources, ends, features, first, mac_ends[mac:end], united, whole
            )
            if wrong:
                raise IndexError(_WRONG[wrong])
            _count_sets(united, mac_ends[mac:end] - first, counts, mac, start)
            _count_sets(whole, np.array([len(on)]), counts, len(mac_ends) + layer, start)
            first, mac, reach = first + size, end, united
    return counts


@compiled
def _unite(
    below: NDArray[np.uint64],
    active: NDArray[np.uint64],
    sources: NDArray[np.int32],
    ends: NDArray[np.int64],
    features: NDArray[np.int32],
    first: int,
    macs: NDArray[np.int64],
    united: NDArray[np.uint64],
    whole: NDArray[np.uint64],
) -> int:
    """Unite the sets of a layer's pairs from those of the layer below; and for each feature those of all its pairs.

    Args:
        below: of the pairs, or the features, below.
        active: [M, W], of this layer's MACs.
        sources: as of `count_reach`.
        ends: as of `count_reach`.
        features: as of `count_reach`.
        first: the first pair of the layer.
        macs: [M], where the pairs of each MAC end.
        united: [P, W], of this layer's pairs, added to.
        whole: [D, W], added to.

    Returns:
        0; or which of `_WRONG` an index is, with which all ended.
    """
    edge = ends[first - 1] if first else 0
    mac = 0
    for pair in range(united.shape[0]):
        while first + pair >= macs[mac]:
            mac += 1
        # Far more than what else is checked, and read here anyway.
        if ends[first + pair] > sources.shape[0]:
            return 1
        while edge < ends[first + pair]:
            source = sources[edge]
            if source < 0 or source >= below.shape[0]:
                return 2
            for word in range(below.shape[1]):
                united[pair, word] |= below[source, word]
            edge += 1
        feature = features[first + pair]
        if feature < 0 or feature >= whole.shape[0]:
            return 3
        for word in range(below.shape[1]):
            united[pair, word] &= active[mac, word]
            whole[feature, word] |= united[pair, word]
    return 0


def _count_sets(
    sets: NDArray[np.uint64], ends: NDArray[np.int64], counts: NDArray[np.int32], row: int, start: int
) -> None:
    """Write how many of the sets [S, W] of each of X things, ending at [X], hold each sample, in rows from one on."""
    most = int(np.diff(ends, prepend=0).max(initial=0))
    digits = np.empty((max(3, most.bit_length()), sets.shape[1]), np.uint64)
    _write_counts(sets, ends, digits, np.empty(sets.shape[1], np.uint64), _SPREAD, counts, row, 64 * start)


@compiled
def _write_counts(
    sets: NDArray[np.uint64],
    ends: NDArray[np.int64],
    digits: NDArray[np.uint64],
    carry: NDArray[np.uint64],
    spread: NDArray[np.uint64],
    counts: NDArray[np.int32],
    row: int,
    sample: int,
) -> None:
    """Write counts, with room for their binary digits [digits, W], lowest first, and for what is carried [W]."""
    begin = 0
    for thing in range(ends.shape[0]):
        used = 3
        while ends[thing] - begin >> used:
            used += 1
        for digit in range(used):
            for word in range(carry.shape[0]):
                digits[digit, word] = 0
        while begin < ends[thing]:
            lowest = 0
            if ends[thing] - begin >= 7:
                _add_seven(sets, begin, digits, carry)
                begin, lowest = begin + 7, 3
            else:
                for word in range(carry.shape[0]):
                    carry[word] = sets[begin, word]
                begin += 1
            for digit in range(lowest, used):
                for word in range(carry.shape[0]):
                    before = digits[digit, word]
                    digits[digit, word] = before ^ carry[word]
                    carry[word] &= before
        for byte in range(8 * carry.shape[0]):
            _write(digits, used, byte, spread, counts, row + thing, sample + 8 * byte)


@inlined
def _add_seven(
    sets: NDArray[np.uint64], start: int, digits: NDArray[np.uint64], carry: NDArray[np.uint64]
) -> None:
    """Add seven sets at once to the lowest three digits, by adders that take three bits to two; carry the eights."""
    for word in range(carry.shape[0]):
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


@inlined
def _write(
    digits: NDArray[np.uint64],
    used: int,
    byte: int,
    spread: NDArray[np.uint64],
    counts: NDArray[np.int32],
    row: int,
    sample: int,
) -> None:
    """Write the counts of the eight samples of a byte of the digits."""
    shift = 8 * (byte & 7)
    for first in range(0, used, 8):
        # Eight digits of eight samples: a byte of each one's count.
        eight = _NOTHING
        for index in range(first, min(first + 8, used)):
            eight |= spread[digits[index, byte >> 3] >> shift & _BYTE] << (index - first)
        for index in range(8):
            part = np.int32(eight >> 8 * index & _BYTE)
            counts[row, sample + index] = part << first | (counts[row, sample + index] if first else 0)


def _check_share(
    counts: NDArray[np.int32], begin: int, on: NDArray[np.int64], shares: NDArray[np.float64]
) -> None:
    check_equal("samples", len(on), len(shares))
    check_room(counts.shape[1], len(on), "samples")
    check_room(begin, 0, "things")
    check_room(len(counts), begin + shares.shape[1], "things")


@bordered(_check_share)
def share(counts: NDArray[np.int32], begin: int, on: NDArray[np.int64], shares: NDArray[np.float64]) -> None:
    """Write what share [n, X] counts are of what is on [n]; all of it where nothing is.

    Args:
        counts: from `count_reach`.
        begin: the first of the X that are asked for.
        on: [n].
        shares: [n, X].
    """
    _write_shares(counts, begin, on, shares)


@compiled
def _write_shares(
    counts: NDArray[np.int32], begin: int, on: NDArray[np.int64], shares: NDArray[np.float64]
) -> None:
    """Write the shares, some samples after the others."""
    for first in range(0, shares.shape[0], _ACROSS):
        stop = min(first + _ACROSS, shares.shape[0])
        for thing in range(shares.shape[1]):
            for sample in range(first, stop):
                if on[sample] > 0:
                    shares[sample, thing] = counts[begin + thing, sample] / on[sample]
                else:
                    shares[sample, thing] = 1.0
