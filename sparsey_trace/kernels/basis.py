"""Sets of codes, MAC by MAC, in the order in which they were seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.kernels.borders import bordered, check_ends, check_equal, check_room
from sparsey_trace.kernels.compiled import compiled, inlined

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Codes = tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[np.int64]]
    """Codes [C, W], whose bits fill so many words, MAC by MAC; what sample [C] showed each first, rising for each
    MAC; where each MAC's end [M]."""

_FREE = -1
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
"""2^64 over the golden ratio, and odd: multiplying by it spreads what differs over the highest bits."""
_NOTHING, _HALF = np.uint64(0), np.uint64(32)


def _check_learn(codes: NDArray[Any], bits: int, learnt: NDArray[np.bool_], start: int) -> None:
    check_equal("samples and MACs", codes.shape[:2], learnt.shape)
    check_room(bits, 1, "bits")
    check_room(64, bits, "bits")


@bordered(_check_learn)
def learn(codes: NDArray[Any], bits: int, learnt: NDArray[np.bool_], start: int) -> Codes:
    """The distinct codes of a chunk.

    Args:
        codes: [n, M, Q], winners.
        bits: how many bits tell them apart.
        learnt: [n, M], which of the codes count.
        start: the number of the first sample.
    """
    (found, first, ends), _, _ = _learnt(codes, bits, learnt)
    return found, first + start, ends


def _check_tally(
    codes: NDArray[Any], bits: int, counted: NDArray[np.bool_], label: NDArray[np.int64]
) -> None:
    _check_learn(codes, bits, counted, 0)
    check_equal("labels", len(codes), len(label))


@bordered(_check_tally)
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
    return _learnt(codes, bits, counted, np.ascontiguousarray(label).view(np.uint64))


def _learnt(
    codes: NDArray[Any], bits: int, learnt: NDArray[np.bool_], label: NDArray[np.uint64] | None = None
) -> tuple[Codes, NDArray[np.int64], NDArray[np.int64]]:
    """What `tally` gives; of codes alone where there are no labels."""
    samples, macs, cms = codes.shape
    words = -(-cms // (64 // bits)) + (label is not None)
    found, ends = np.empty((samples * macs, words), np.uint64), np.empty(macs, np.int64)
    first, times, last = (np.empty(len(found), np.int64) for _ in range(3))
    packed, shown = np.empty((samples, words), np.uint64), np.empty((2, samples + 1), np.int64)
    table = np.empty(_room(samples), np.int32)
    label = np.empty(0, np.uint64) if label is None else label
    _learn_macs(codes, bits, learnt, label, packed, shown, table, found, first, times, last, ends)
    number = int(ends[-1])
    return (found[:number].copy(), first[:number].copy(), ends), times[:number].copy(), last[:number].copy()


@compiled
def _learn_macs(
    codes: NDArray[Any],
    bits: int,
    learnt: NDArray[np.bool_],
    label: NDArray[np.uint64],
    packed: NDArray[np.uint64],
    shown: NDArray[np.int64],
    table: NDArray[np.int32],
    found: NDArray[np.uint64],
    first: NDArray[np.int64],
    times: NDArray[np.int64],
    last: NDArray[np.int64],
    ends: NDArray[np.int64],
) -> None:
    """Write the distinct codes of each MAC, and count them; all behind `label` is written to."""
    number = 0
    of_codes = packed.shape[1] - (label.shape[0] > 0)
    for mac in range(codes.shape[1]):
        count = _gather(learnt, mac, shown)
        _pack(codes, bits, mac, shown, count, of_codes, packed)
        if label.shape[0]:
            for index in range(count):
                packed[index, of_codes] = label[shown[0, index]]
        for slot in range(table.shape[0]):
            table[slot] = _FREE
        begin = number
        for index in range(count):
            place = _place(packed, index, found, begin, table, table.shape[0])
            if table[place] == _FREE:
                table[place] = number - begin
                for word in range(packed.shape[1]):
                    found[number, word] = packed[index, word]
                first[number] = shown[0, index]
                times[number] = 0
                number += 1
            which = begin + table[place]
            times[which] += 1
            last[which] = shown[0, index]
        ends[mac] = number


@inlined
def _gather(chosen: NDArray[np.bool_], mac: int, shown: NDArray[np.int64]) -> int:
    """Write which samples of [n, M] are chosen for a MAC; how many these are."""
    count = 0
    for sample in range(chosen.shape[0]):
        # Gathered without a branch, which would be guessed wrong as often as not.
        shown[0, count] = sample
        count += chosen[sample, mac]
    return count


@inlined
def _pack(
    codes: NDArray[Any],
    bits: int,
    mac: int,
    shown: NDArray[np.int64],
    count: int,
    words: int,
    packed: NDArray[np.uint64],
) -> None:
    """Write a MAC's codes of the samples shown, bit by bit, to so many words each."""
    each = 64 // bits
    for word in range(words):
        stop = min(codes.shape[2], (word + 1) * each)
        for index in range(count):
            joined = _NOTHING
            for cm in range(word * each, stop):
                joined = joined << bits | codes[shown[0, index], mac, cm]
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
    ends = np.empty(len(earlier[2]), np.int64)
    table = np.empty(_room(_most(earlier[2]) + _most(later[2])), np.int32)
    of_later = places[len(earlier[0]) :] if len(places) else places
    _join_macs(*earlier, *later, table, found, first, places, of_later, ends)
    return ends


@compiled
def _join_macs(
    codes: NDArray[np.uint64],
    firsts: NDArray[np.int64],
    stops: NDArray[np.int64],
    later_codes: NDArray[np.uint64],
    later_firsts: NDArray[np.int64],
    later_stops: NDArray[np.int64],
    table: NDArray[np.int32],
    found: NDArray[np.uint64],
    first: NDArray[np.int64],
    places: NDArray[np.int64],
    later_places: NDArray[np.int64],
    ends: NDArray[np.int64],
) -> None:
    """Write the distinct codes of each MAC; the two runs' are unpacked, and all behind `later_stops` is written to."""
    number = start = later_start = 0
    for mac in range(stops.shape[0]):
        room = 2
        while room < 2 * (stops[mac] - start + later_stops[mac] - later_start):
            room *= 2
        for slot in range(room):
            table[slot] = _FREE
        begin = number
        for run in range(2):
            # One loop for both, as each written out would be compiled.
            if run == 0:
                of, samples, which, at, stop = codes, firsts, places, start, stops[mac]
            else:
                of, samples, which = later_codes, later_firsts, later_places
                at, stop = later_start, later_stops[mac]
            for index in range(at, stop):
                place = _place(of, index, found, begin, table, room)
                if table[place] == _FREE:
                    table[place] = number - begin
                    for word in range(of.shape[1]):
                        found[number, word] = of[index, word]
                    first[number] = samples[index]
                    number += 1
                if which.shape[0]:
                    which[index] = begin + table[place]
        start, later_start = stops[mac], later_stops[mac]
        ends[mac] = number


@inlined
def _place(
    codes: NDArray[np.uint64],
    index: int,
    found: NDArray[np.uint64],
    begin: int,
    table: NDArray[np.int32],
    room: int,
) -> np.int64:
    """Where a code stands in the first `room` slots, which name a MAC's codes, found from `begin` on; or would."""
    words = codes.shape[1]
    mixed = _NOTHING
    for word in range(words):
        mixed = (mixed ^ codes[index, word]) * _FACTOR
        mixed ^= mixed >> _HALF
    slot = np.int64(mixed) & (room - 1)
    word = 0
    while table[slot] != _FREE and word < words:
        known, word = begin + table[slot], 0
        while word < words and found[known, word] == codes[index, word]:
            word += 1
        slot = slot + (word < words) & (room - 1)
    return slot


def _check_counts(first: NDArray[np.int64], ends: NDArray[np.int64], start: int, samples: int) -> None:
    check_ends(ends, len(first), "ends")


@bordered(_check_counts)
def count_new(
    first: NDArray[np.int64], ends: NDArray[np.int64], start: int, samples: int
) -> NDArray[np.int8]:
    """[n, M] int8, 1 where a sample, of n from `start`, shows a MAC a new code."""
    new, before = np.zeros((samples, len(ends)), np.int8), np.empty(len(ends), np.int64)
    _mark_new(first, ends, start, new, before)
    return new


@bordered(_check_counts)
def count_known(
    first: NDArray[np.int64], ends: NDArray[np.int64], start: int, samples: int
) -> NDArray[np.int32]:
    """[n, M] int32, how many codes each MAC has shown by the end of each sample, of n from `start`."""
    new, before = np.zeros((samples, len(ends)), np.int8), np.empty(len(ends), np.int64)
    _mark_new(first, ends, start, new, before)
    known = np.empty(new.shape, np.int32)
    _add_up(new, before, known)
    return known


@compiled
def _mark_new(
    first: NDArray[np.int64],
    ends: NDArray[np.int64],
    start: int,
    new: NDArray[np.int8],
    before: NDArray[np.int64],
) -> None:
    """Write 1 to [n, M] where a sample shows a MAC a new code, and how many codes it has shown before [M]."""
    begin = 0
    for mac in range(ends.shape[0]):
        low, high = begin, ends[mac]
        while low < high:
            middle = (low + high) // 2
            if first[middle] < start:
                low = middle + 1
            else:
                high = middle
        before[mac] = low - begin
        begin = ends[mac]
        while low < begin and first[low] < start + new.shape[0]:
            if first[low] >= start:  # always, where samples rise
                new[first[low] - start, mac] = 1
            low += 1


@compiled
def _add_up(new: NDArray[np.int8], known: NDArray[np.int64], after: NDArray[np.int32]) -> None:
    """Write how many codes are known [M] after each sample [n, M]; numpy's sums keep other threads waiting."""
    for sample in range(new.shape[0]):
        for mac in range(new.shape[1]):
            known[mac] += new[sample, mac]
            after[sample, mac] = known[mac]


def _room(codes: int) -> int:
    """A power of two that a table of so many codes fills to half at most."""
    return 1 << max(1, (2 * codes - 1).bit_length())


def _most(ends: NDArray[np.int64]) -> int:
    """How many codes the MAC with the most has."""
    return int(np.diff(ends, prepend=0).max(initial=0))
