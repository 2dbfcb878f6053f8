"""How similarities of inputs and of codes go together, and the pairs counted, in one go.

Both need to know which codes agree, and where: together they take half of what they take apart. Alone the cosines take
a fifth less than here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.kernels.adherence import AT_ONCE, COUNT_BITS, check_cosines, cosines_from
from sparsey_trace.kernels.borders import bordered
from sparsey_trace.kernels.compiled import compiled
from sparsey_trace.kernels.side_by_side import count_agreeing, line_up, side_by_side

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sparsey_trace.kernels.code_pairs import PairCounts
    from sparsey_trace.kernels.input_pairs import InputPairs, Weighed


def _check(
    codes: NDArray[Any],
    active: NDArray[np.bool_],
    old_codes: NDArray[Any],
    old_active: NDArray[np.bool_],
    pairs: InputPairs,
    weighed: Weighed,
    alike: NDArray[np.float64],
    least: float,
    counted: PairCounts,
) -> None:
    check_cosines(codes, active, old_codes, old_active, pairs, weighed, alike, least)
    counted.check(codes, pairs)


@bordered(_check)
def cosines_and_counts(
    codes: NDArray[Any],
    active: NDArray[np.bool_],
    old_codes: NDArray[Any],
    old_active: NDArray[np.bool_],
    pairs: InputPairs,
    weighed: Weighed,
    alike: NDArray[np.float64],
    least: float,
    counted: PairCounts,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What `cosines` gives back; and `count_pairs` of the same pairs, by the bin of their inputs.

    Args:
        codes: this and all but the last as of `cosines`.
        active: see there.
        old_codes: see there.
        old_active: see there.
        pairs: see there.
        weighed: see there.
        alike: see there.
        least: see there.
        counted: where the pairs are counted.
    """
    dots, squares, sums = np.zeros((3, *active.shape))
    references = len(old_codes)
    _sum_and_count(
        codes,
        active,
        counted.group,
        old_codes,
        old_active,
        pairs.ends,
        pairs.which,
        pairs.same,
        weighed.weights,
        counted.first,
        weighed.unit,
        alike,
        *side_by_side(old_codes),
        np.empty(references, np.uint16),
        np.empty(references, np.int64),
        np.empty(references, np.uint32),
        np.zeros(counted.slots.shape[2], np.int64),
        np.empty((2, len(alike)), np.int64),
        counted.slots,
        dots,
        squares,
        sums,
    )
    return cosines_from(dots, squares, sums, weighed, least)


@compiled
def _sum_and_count(
    codes: NDArray[Any],
    active: NDArray[np.bool_],
    group: NDArray[np.uint8],
    old_codes: NDArray[Any],
    old_active: NDArray[np.bool_],
    ends: NDArray[np.int64],
    which: NDArray[np.int32],
    same: NDArray[np.int64],
    weights: NDArray[np.int64],
    first: NDArray[np.uint32],
    unit: float,
    alike: NDArray[np.float64],
    old: NDArray[np.uint16],
    index_of: NDArray[np.uint32],
    filled: NDArray[np.int64],
    agreeing: NDArray[np.uint16],
    packed: NDArray[np.int64],
    starts: NDArray[np.uint32],
    by_slot: NDArray[np.int64],
    totals: NDArray[np.int64],
    counts: NDArray[np.int64],
    dots: NDArray[np.float64],
    squares: NDArray[np.float64],
    sums: NDArray[np.float64],
) -> None:
    """Add to the products of both vectors, and to squares and sums of that of the codes, all [n, M]; and to the counts.

    Weights of references, and how many there are, are summed up by slot: by the bin of the pair and the CMs that agree.

    `packed` has room for weights, and behind each `COUNT_BITS` bits with a 1, so that both are added up at once;
    `by_slot` [bins * (Q + 1)] is 0 before and after; in `totals` [2, Q + 1] stand weights and numbers of all bins.
    """
    begin, levels = 0, alike.shape[0]
    for sample in range(codes.shape[0]):
        count = ends[sample] - begin
        line_up(old, index_of, filled, which, begin, same[sample], count, old_codes, old_active)
        # Inputs are alike within few bins; only their slots are looked at.
        lowest, highest = np.uint32(by_slot.shape[0]), np.uint32(0)
        for index in range(count):
            packed[index] = weights[begin + index] << COUNT_BITS | 1
            starts[index] = first[begin + index]
            lowest, highest = min(lowest, starts[index]), max(highest, starts[index])
        for mac in range(codes.shape[1]):
            if active[sample, mac]:
                count_agreeing(old, filled[mac], codes, sample, mac, agreeing)
                for level in range(levels):
                    totals[0, level] = totals[1, level] = 0
                for some in range(0, filled[mac], AT_ONCE):
                    for index in range(some, min(some + AT_ONCE, filled[mac])):
                        pair = index_of[mac, index]
                        by_slot[starts[pair] + agreeing[index]] += packed[pair]
                    for start in range(lowest, highest + 1, levels):
                        for level in range(levels):
                            number = by_slot[start + level] & AT_ONCE
                            totals[0, level] += by_slot[start + level] >> COUNT_BITS
                            totals[1, level] += number
                            counts[group[sample], mac, start + level] += number
                            by_slot[start + level] = 0
                for level in range(1, levels):
                    dots[sample, mac] += alike[level] * (totals[0, level] / unit)
                    squares[sample, mac] += alike[level] * alike[level] * totals[1, level]
                    sums[sample, mac] += alike[level] * totals[1, level]
        begin = ends[sample]
