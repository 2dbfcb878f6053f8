"""How similarities of inputs and of codes go together, for one sample and many references at a time; also by chance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.kernels.borders import bordered, check_equal
from sparsey_trace.kernels.compiled import compiled, inlined
from sparsey_trace.kernels.side_by_side import check_codes, count_agreeing, line_up, side_by_side

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sparsey_trace.kernels.input_pairs import InputPairs, Weighed

_LANES = 2
"""Sums that are added to in turns; a power of two."""

COUNT_BITS = 15
AT_ONCE = (1 << COUNT_BITS) - 1
"""Of so many weights of at most 2^32, and of as many ones in the bits behind, the sum is below 2^63."""


def check_cosines(
    codes: NDArray[Any],
    active: NDArray[np.bool_],
    old_codes: NDArray[Any],
    old_active: NDArray[np.bool_],
    pairs: InputPairs,
    weighed: Weighed,
    alike: NDArray[np.float64],
    least: float,
) -> None:
    """See that the arguments of `cosines` fit each other.

    Raises:
        IndexError: they don't.
    """
    check_codes(codes, active, old_codes, old_active, pairs)
    check_equal("samples", len(codes), len(weighed.norm), len(weighed.mean))
    check_equal("weights", len(pairs.which), len(weighed.weights))
    check_equal("levels", codes.shape[2] + 1, len(alike))


@bordered(check_cosines)
def cosines(
    codes: NDArray[Any],
    active: NDArray[np.bool_],
    old_codes: NDArray[Any],
    old_active: NDArray[np.bool_],
    pairs: InputPairs,
    weighed: Weighed,
    alike: NDArray[np.float64],
    least: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The cosine of each sample's and MAC's two vectors of similarities, to all references that serve.

    Args:
        codes: [n, M, Q].
        active: [n, M].
        old_codes: [R, M, Q], of the references.
        old_active: [R, M].
        pairs: of samples and references.
        weighed: how alike the inputs of the pairs are; in units of 2^-32 at the least.
        alike: [Q + 1], how alike codes are that agree in so many CMs.
        least: what a vector's length counts for at least.

    Returns:
        Two [n, M] float64: the cosines, and what they would be by chance.
    """
    dots, squares, sums = np.zeros((3, *active.shape))
    references, levels = len(old_codes), len(alike)
    agreeing, packed = np.empty(references, np.uint16), np.empty(references, np.int64)
    _sum_up(
        codes,
        active,
        old_codes,
        old_active,
        pairs.ends,
        pairs.which,
        pairs.same,
        weighed.weights,
        weighed.unit,
        alike,
        *side_by_side(old_codes),
        agreeing,
        packed,
        np.zeros((_LANES, levels), np.int64),
        np.empty((2, levels), np.int64),
        dots,
        squares,
        sums,
    )
    return cosines_from(dots, squares, sums, weighed, least)


def cosines_from(
    dots: NDArray[np.float64],
    squares: NDArray[np.float64],
    sums: NDArray[np.float64],
    weighed: Weighed,
    least: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Cosines [n, M], and the same by chance: their means over all ways to give out the codes among the references.

    Args:
        dots: [n, M], the products of both vectors.
        squares: [n, M], the sums of the squares of the similarities of codes.
        sums: [n, M], the sums of these.
        weighed: the similarities of inputs.
        least: what a vector's length counts for at least.
    """
    lengths = np.maximum(np.sqrt(squares), least) * np.maximum(weighed.norm, least)[:, None]
    return dots / lengths, weighed.mean[:, None] * sums / lengths


@compiled
def _sum_up(
    codes: NDArray[Any],
    active: NDArray[np.bool_],
    old_codes: NDArray[Any],
    old_active: NDArray[np.bool_],
    ends: NDArray[np.int64],
    which: NDArray[np.int32],
    same: NDArray[np.int64],
    weights: NDArray[np.int64],
    unit: float,
    alike: NDArray[np.float64],
    old: NDArray[np.uint16],
    index_of: NDArray[np.uint32],
    filled: NDArray[np.int64],
    agreeing: NDArray[np.uint16],
    packed: NDArray[np.int64],
    lanes: NDArray[np.int64],
    totals: NDArray[np.int64],
    dots: NDArray[np.float64],
    squares: NDArray[np.float64],
    sums: NDArray[np.float64],
) -> None:
    """Add to the products of both vectors, and to squares and sums of that of the codes, all [n, M]."""
    begin = 0
    for sample in range(codes.shape[0]):
        count = ends[sample] - begin
        line_up(old, index_of, filled, which, begin, same[sample], count, old_codes, old_active)
        for index in range(count):
            packed[index] = weights[begin + index] << COUNT_BITS | 1
        for mac in range(codes.shape[1]):
            if active[sample, mac]:
                count_agreeing(old, filled[mac], codes, sample, mac, agreeing)
                _sum_by_level(agreeing, filled[mac], packed, index_of, mac, lanes, totals)
                for level in range(1, alike.shape[0]):
                    dots[sample, mac] += alike[level] * (totals[0, level] / unit)
                    squares[sample, mac] += alike[level] * alike[level] * totals[1, level]
                    sums[sample, mac] += alike[level] * totals[1, level]
        begin = ends[sample]


@inlined
def _sum_by_level(
    agreeing: NDArray[np.uint16],
    count: int,
    packed: NDArray[np.int64],
    index_of: NDArray[np.uint32],
    mac: int,
    lanes: NDArray[np.int64],
    totals: NDArray[np.int64],
) -> None:
    """Write the weights of references, and how many there are, by the CMs that agree.

    Args:
        agreeing: [R], the CMs that agree, of `count` references.
        count: how many.
        packed: weights, and behind them `COUNT_BITS` bits with a 1: so both are added up at once.
        index_of: [M, R], where in `packed` stands that of each.
        mac: which of these MACs.
        lanes: [_LANES, Q + 1], room for sums, 0 before and after.
        totals: [2, Q + 1], where weights and numbers are written.
    """
    for level in range(totals.shape[1]):
        totals[0, level] = totals[1, level] = 0
    for first in range(0, count, AT_ONCE):
        for index in range(first, min(first + AT_ONCE, count)):
            # In turns to several sums, as adding to one would wait for the one before.
            lanes[index & _LANES - 1, agreeing[index]] += packed[index_of[mac, index]]
        for lane in range(lanes.shape[0]):
            for level in range(totals.shape[1]):
                totals[0, level] += lanes[lane, level] >> COUNT_BITS
                totals[1, level] += lanes[lane, level] & (1 << COUNT_BITS) - 1
                lanes[lane, level] = 0
