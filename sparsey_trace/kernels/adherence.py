"""How similarities of inputs and of codes go together, for one sample and many references at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.kernels.borders import bordered, check_equal
from sparsey_trace.kernels.compiled import compiled
from sparsey_trace.kernels.side_by_side import check_codes, line_up, side_by_side

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sparsey_trace.kernels.input_pairs import InputPairs


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
) -> None:
    check_codes(codes, active, old_codes, old_active, pairs)
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
) -> NDArray[np.float64]:
    """The cosine of each sample's and MAC's two vectors of similarities, to all references that serve.

    Args:
        codes: [n, M, Q].
        active: [n, M].
        old_codes: [R, M, Q], of the references.
        old_active: [R, M].
        pairs: of samples and references.
        weights: [P], similarities of the inputs of the pairs, in units of 1 / `unit`.
        unit: how many parts make 1.
        norm: [n], the length of each sample's vector of these.
        alike: [Q + 1], how alike codes are that agree in so many CMs.
        least: what a vector's length counts for at least.

    Returns:
        [n, M] float64.
    """
    dots, squares = np.zeros((2, *active.shape))
    agreeing, weight = np.empty(len(old_codes), np.uint16), np.empty(len(old_codes), np.int64)
    _sum_up(
        codes,
        active,
        old_codes,
        old_active,
        pairs.ends,
        pairs.which,
        pairs.same,
        weights,
        unit,
        alike,
        side_by_side(old_codes),
        agreeing,
        weight,
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
    old_codes: NDArray[Any],
    old_active: NDArray[np.bool_],
    ends: NDArray[np.int64],
    which: NDArray[np.int32],
    same: NDArray[np.int64],
    weights: NDArray[np.int64],
    unit: float,
    alike: NDArray[np.float64],
    old: NDArray[np.uint16],
    agreeing: NDArray[np.uint16],
    weight: NDArray[np.int64],
    dots: NDArray[np.float64],
    squares: NDArray[np.float64],
) -> None:
    """Add to the products of both vectors, and to the squares of that of the codes, both [n, M]."""
    begin = 0
    for sample in range(codes.shape[0]):
        count = ends[sample] - begin
        line_up(old, which, begin, same[sample], count, old_codes, old_active)
        for index in range(count):
            # From 0 on, as only then several are looked at together below.
            weight[index] = weights[begin + index]
        for mac in range(codes.shape[1]):
            if active[sample, mac]:
                for index in range(count):
                    agreeing[index] = 0
                for cm in range(codes.shape[2]):
                    winner = np.uint16(codes[sample, mac, cm])
                    for index in range(count):
                        agreeing[index] += old[mac, cm, index] == winner
                for level in range(1, alike.shape[0]):
                    # Level by level, as so many references at once are looked at; adding each where it belongs would
                    # wait for the one before.
                    total = number = 0
                    for index in range(count):
                        total += weight[index] if agreeing[index] == level else 0
                    for index in range(count):
                        number += agreeing[index] == level
                    dots[sample, mac] += alike[level] * (total / unit)
                    squares[sample, mac] += alike[level] * alike[level] * number
        begin = ends[sample]
