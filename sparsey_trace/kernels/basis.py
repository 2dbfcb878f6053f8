"""Sets of codes, MAC by MAC, in the order in which they were seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.kernels.borders import bordered, check_ends, check_equal, check_room
from sparsey_trace.kernels.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Codes = tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[np.int64]]
    """Codes [C, W], whose bits fill so many words, MAC by MAC; what sample [C] showed each first, rising for each
    MAC; where each MAC's end [M]."""

_FREE = -1
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
"""2^64 over the golden ratio, and odd: multiplying by it spreads what differs over the highest bits."""


def _check_learn(codes: NDArray[Any], bits: int, learnt: NDArray[np.bool_], start: int) -> None:
    check_equal("samples and MACs", codes.shape[:2], learnt.shape)
    check_room(bits, 1, "bits")
    check_room(64, bits, "bits")


def _check_tally(
    codes: NDArray[Any], bits: int, counted: NDArray[np.bool_], label: NDArray[np.int64]
) -> None:
    _check_learn(codes, bits, counted, 0)
    check_equal("labels", len(codes), len(label))


@bordered(_check_learn)
@compiled
def learn(codes: NDArray[Any], bits: int, learnt: NDArray[np.bool_], start: int) -> Codes:
    """The distinct codes of a chunk.

    Args:
        codes: [n, M, Q], winners.
        bits: how many bits tell them apart.
        learnt: [n, M], which of the codes count.
        start: the number of the first sample.
    """
    samples, macs, cms = codes.shape
    found = np.empty((samples * macs, -(-cms // (64 // bits))), np.uint64)
    first, ends = np.empty(len(found), np.int64), np.empty(macs, np.int64)
    packed, shown = np.empty((samples, found.shape[1]), np.uint64), np.empty(samples + 1, np.int64)
    table, unasked = np.empty(_room(samples), np.int32), np.empty(0, np.int64)
    number = 0
    for mac in range(macs):
        count = _gather(learnt, mac, shown)
        _pack(codes, bits, mac, shown, count, packed)
        shown += start
        table[:] = _FREE
        begin = number
        number = _add(found, first, begin, number, table, len(table), packed, shown, 0, count, unasked)
        ends[mac] = number
    return found[:number].copy(), first[:number].copy(), ends


@bordered(_check_tally)
@compiled
def tally(
    codes: NDArray[Any], bits: int, counted: NDArray[np.bool_], label: NDArray[np.int64]
) -> tuple[Codes, NDArray[np.int64], NDArray[np.int64]]:
    """The distinct pairs of a code and a label of a chunk, with how often there was each.

    Args:
        codes: [n, M, Q], winners.
        bits: how many bits tell them apart.
        counted: [n, M], which of the codes count.
        label: [n], of the samples.

    Returns:
        The pairs as codes whose last word is the label, with the place in the chunk that showed each first; how often
        there was each [C] int64, and where last [C] int64.
    """
    samples, macs, cms = codes.shape
    words = -(-cms // (64 // bits))
    found = np.empty((samples * macs, words + 1), np.uint64)
    first, ends = np.empty(len(found), np.int64), np.empty(macs, np.int64)
    times, last = np.zeros(len(found), np.int64), np.empty(len(found), np.int64)
    packed, shown = np.empty((samples, words + 1), np.uint64), np.empty(samples + 1, np.int64)
    table, numbers = np.empty(_room(samples), np.int32), np.empty(samples, np.int64)
    number = 0
    for mac in range(macs):
        count = _gather(counted, mac, shown)
        _pack(codes, bits, mac, shown, count, packed)
        for index in range(count):
            packed[index, words] = np.uint64(label[shown[index]])
        table[:] = _FREE
        begin = number
        number = _add(found, first, begin, number, table, len(table), packed, shown, 0, count, numbers)
        for index in range(count):
            times[numbers[index]] += 1
            last[numbers[index]] = shown[index]
        ends[mac] = number
    return (found[:number].copy(), first[:number].copy(), ends), times[:number].copy(), last[:number].copy()


@compiled
def _gather(chosen: NDArray[np.bool_], mac: int, shown: NDArray[np.int64]) -> int:
    """Write which samples of [n, M] are chosen for a MAC; how many these are."""
    count = 0
    for sample in range(len(chosen)):
        # Gathered without a branch, which would be guessed wrong as often as not.
        shown[count] = sample
        count += chosen[sample, mac]
    return count


@compiled
def _pack(
    codes: NDArray[Any], bits: int, mac: int, shown: NDArray[np.int64], count: int, packed: NDArray[np.uint64]
) -> None:
    """Write a MAC's codes of the samples shown, bit by bit."""
    each = 64 // bits
    for word in range(packed.shape[1]):
        stop = min(codes.shape[2], (word + 1) * each)
        for index in range(count):
            joined = np.uint64(0)
            for cm in range(word * each, stop):
                joined = joined << np.uint64(bits) | np.uint64(codes[shown[index], mac, cm])
            packed[index, word] = joined


def _check_join(
    earlier: Codes,
    later: Codes,
    found: NDArray[np.uint64],
    first: NDArray[np.int64],
    places: NDArray[np.int64],
) -> None:
    if len(places):
        check_equal("places", len(places), len(earlier[0]) + len(later[0]))
    for codes, samples, ends in (earlier, later):
        check_equal("codes", len(codes), len(samples))
        check_equal("words", codes.shape[1], found.shape[1])
        check_ends(ends, len(codes), "ends")
    check_equal("MACs", len(earlier[2]), len(later[2]))
    check_room(min(len(found), len(first)), len(earlier[0]) + len(later[0]), "codes")


@bordered(_check_join)
@compiled
def join(
    earlier: Codes,
    later: Codes,
    found: NDArray[np.uint64],
    first: NDArray[np.int64],
    places: NDArray[np.int64],
) -> NDArray[np.int64]:
    """The distinct codes of two neighbouring runs, each with the sample that showed it first.

    Args:
        earlier: of one run.
        later: of the one that follows it.
        found: [C, W], where the codes go, with room for all of both.
        first: [C], where the samples go.
        places: [all of both], where is written which of the found ones each is; empty where that isn't asked.

    Returns:
        [M] int64, where those of each MAC end.
    """
    codes, firsts, stops = earlier
    later_codes, later_firsts, later_stops = later
    ends = np.empty(len(stops), np.int64)
    table = np.empty(_room(_most(stops) + _most(later_stops)), np.int32)
    of_later = places[len(codes) :] if len(places) else places
    number = start = later_start = 0
    for mac in range(len(ends)):
        room = _room(stops[mac] - start + later_stops[mac] - later_start)
        table[:room] = _FREE
        begin = number
        number = _add(found, first, begin, number, table, room, codes, firsts, start, stops[mac], places)
        end = later_stops[mac]
        number = _add(
            found, first, begin, number, table, room, later_codes, later_firsts, later_start, end, of_later
        )
        start, later_start = stops[mac], later_stops[mac]
        ends[mac] = number
    return ends


def _check_counts(first: NDArray[np.int64], ends: NDArray[np.int64], start: int, samples: int) -> None:
    check_ends(ends, len(first), "ends")


@bordered(_check_counts)
@compiled
def count_new(
    first: NDArray[np.int64], ends: NDArray[np.int64], start: int, samples: int
) -> NDArray[np.int8]:
    """[n, M] int8, 1 where a sample, of n from `start`, shows a MAC a new code."""
    new = np.zeros((samples, len(ends)), np.int8)
    begin = 0
    for mac in range(len(ends)):
        index = _known(first, begin, ends[mac], start)
        while index < ends[mac] and first[index] < start + samples:
            if first[index] >= start:  # always, where samples rise
                new[first[index] - start, mac] = 1
            index += 1
        begin = ends[mac]
    return new


@bordered(_check_counts)
@compiled
def count_known(
    first: NDArray[np.int64], ends: NDArray[np.int64], start: int, samples: int
) -> NDArray[np.int32]:
    """[n, M] int32, how many codes each MAC has shown by the end of each sample, of n from `start`."""
    known = np.zeros((samples, len(ends)), np.int32)
    begin = 0
    for mac in range(len(ends)):
        index = _known(first, begin, ends[mac], start)
        if samples:
            known[0, mac] = index - begin
        while index < ends[mac] and first[index] < start + samples:
            if first[index] >= start:  # always, where samples rise
                known[first[index] - start, mac] += 1
            index += 1
        begin = ends[mac]
    for sample in range(1, samples):
        for mac in range(len(ends)):
            known[sample, mac] += known[sample - 1, mac]
    return known


@compiled
def _known(first: NDArray[np.int64], begin: int, end: int, start: int) -> int:
    """Where those of a MAC's samples that showed a code before `start` end."""
    low, high = begin, end
    while low < high:
        middle = (low + high) // 2
        if first[middle] < start:
            low = middle + 1
        else:
            high = middle
    return low


@compiled
def _add(
    found: NDArray[np.uint64],
    first: NDArray[np.int64],
    begin: int,
    number: int,
    table: NDArray[np.int32],
    room: int,
    codes: NDArray[np.uint64],
    samples: NDArray[np.int64],
    start: int,
    stop: int,
    places: NDArray[np.int64],
) -> int:
    """Add to a MAC's codes, found from `begin` on and named by the first `room` slots, those of a list that are new.

    Unless `places` is empty, which of the found ones each of the list is goes there.

    Returns:
        Where they end now; they ended at `number`.
    """
    words = codes.shape[1]
    for index in range(start, stop):
        mixed = np.uint64(0)
        for word in range(words):
            mixed = (mixed ^ codes[index, word]) * _FACTOR
            mixed ^= mixed >> np.uint64(32)
        slot = np.int64(mixed & np.uint64(room - 1))
        word = 0
        while table[slot] != _FREE and word < words:
            known, word = begin + table[slot], 0
            while word < words and found[known, word] == codes[index, word]:
                word += 1
            slot = slot + (word < words) & (room - 1)
        if table[slot] == _FREE:
            for word in range(words):
                found[number, word] = codes[index, word]
            first[number] = samples[index]
            table[slot] = number - begin
            number += 1
        if len(places):
            places[index] = begin + table[slot]
    return number


@compiled
def _room(codes: int) -> int:
    """A power of two that a table of so many codes fills to half at most."""
    room = 2
    while room < 2 * codes:
        room *= 2
    return room


@compiled
def _most(ends: NDArray[np.int64]) -> int:
    """How many codes the MAC with the most has."""
    most = start = 0
    for end in ends:
        most = max(most, end - start)
        start = end
    return most
