"""How similarities of inputs and of codes go together, for one sample and many references at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.kernels.borders import bordered, check_equal
from sparsey_trace.kernels.code_pairs import PairCounts
from sparsey_trace.kernels.compiled import compiled
from sparsey_trace.kernels.side_by_side import check_codes, count_agreeing, line_up, side_by_side

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sparsey_trace.kernels.input_pairs import InputPairs

_COUNT_BITS = 15
_AT_ONCE = (1 << _COUNT_BITS) - 1
"""Of so many weights of at most 2^32, and of as many ones in the bits behind, the sum is below 2^63."""


def _check_cosines(
    codes: NDArray[Any],
    active: NDArray[np.bool_],
    old_codes: NDArray[Any],
    old_active: NDArray[np.bool_],
    pairs: InputPairs,
    weights: NDArray[np.int64],
    unit: float,
    norm: NDArray[np.float64],
    alike: NDArray[np.float64],
    least: float,
    counted: PairCounts | None = None,
) -> None:
    check_codes(codes, active, old_codes, old_active, pairs)
    if counted is not None:
        counted.check(codes, pairs)
    check_equal("samples", len(codes), len(norm))
    check_equal("weights", len(pairs.which), len(weights))
    check_equal("levels", codes.shape[2] + 1, len(alike))


@bordered(_check_cosines)
def cosines(
    codes: NDArray[Any],
    active: NDArray[np.bool_],
    old_codes: NDArray[Any],
    old_active: NDArray[np.bool_],
    pairs: InputPairs,
    weights: NDArray[np.int64],
    unit: float,
    norm: NDArray[np.float64],
    alike: NDArray[np.float64],
    least: float,
    counted: PairCounts | None = None,
) -> NDArray[np.float64]:
    """The cosine of each sample's and MAC's two vectors of similarities, to all references that serve.

    Whoever wants the pairs counted too gets that for a quarter more: both need to know which codes agree, and where.

    Args:
        codes: [n, M, Q].
        active: [n, M].
        old_codes: [R, M, Q], of the references.
        old_active: [R, M].
        pairs: of samples and references.
        weights: [P], similarities of the inputs of the pairs, in units of 1 / `unit`; at most 2^32.
        unit: how many parts make 1.
        norm: [n], the length of each sample's vector of these.
        alike: [Q + 1], how alike codes are that agree in so many CMs.
        least: what a vector's length counts for at least.
        counted: where the pairs are counted as well; None where nobody asks for that.

    Returns:
        [n, M] float64.
    """
    samples, macs, cms = codes.shape
    if counted is None:
        counted = PairCounts.unwanted(samples, len(pairs.which), macs, cms)
    dots, squares = np.zeros((2, *active.shape))
    references = len(old_codes)
    _sum_up(
        codes,
        active,
        counted.group,
        old_codes,
        old_active,
        pairs.ends,
        pairs.which,
        pairs.same,
        weights,
        counted.first,
        unit,
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
    )
    lengths = np.maximum(np.sqrt(squares), least) * np.maximum(norm, least)[:, None]
    found: NDArray[np.float64] = dots / lengths
    return found


@compiled
def _sum_up(
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
    sums: NDArray[np.int64],
    totals: NDArray[np.int64],
    counts: NDArray[np.int64],
    dots: NDArray[np.float64],
    squares: NDArray[np.float64],
) -> None:
    """Add to the products of both vectors, and to the squares of that of the codes, both [n, M]; and to the counts.

    Weights of references, and how many there are, are summed up by slot: by the bin of the pair and the CMs that agree.

    `packed` has room for weights, and behind each `_COUNT_BITS` bits with a 1, so that both are added up at once;
    `sums` [bins * (Q + 1)] is 0 before and after; in `totals` [2, Q + 1] stand weights and numbers of all bins.
    """
    begin, levels = 0, alike.shape[0]
    for sample in range(codes.shape[0]):
        count = ends[sample] - begin
        line_up(old, index_of, filled, which, begin, same[sample], count, old_codes, old_active)
        # Inputs are alike within few bins; only their slots are looked at.
        lowest, highest = np.uint32(sums.shape[0]), np.uint32(0)
        for index in range(count):
            packed[index] = weights[begin + index] << _COUNT_BITS | 1
            starts[index] = first[begin + index]
            lowest, highest = min(lowest, starts[index]), max(highest, starts[index])
        for mac in range(codes.shape[1]):
            if active[sample, mac]:
                count_agreeing(old, filled[mac], codes, sample, mac, agreeing)
                for level in range(levels):
                    totals[0, level] = totals[1, level] = 0
                for some in range(0, filled[mac], _AT_ONCE):
                    for index in range(some, min(some + _AT_ONCE, filled[mac])):
                        pair = index_of[mac, index]
                        sums[starts[pair] + agreeing[index]] += packed[pair]
                    for start in range(lowest, highest + 1, levels):
                        for level in range(levels):
                            number = sums[start + level] & _AT_ONCE
                            totals[0, level] += sums[start + level] >> _COUNT_BITS
                            totals[1, level] += number
                            counts[group[sample], mac, start + level] += number
                            sums[start + level] = 0
                for level in range(1, levels):
                    dots[sample, mac] += alike[level] * (totals[0, level] / unit)
                    squares[sample, mac] += alike[level] * alike[level] * totals[1, level]
        begin = ends[sample]
