"""How often winners that are listed won, and the sums of that over the winners of other samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.kernels.borders import bordered, check_ends, check_equal
from sparsey_trace.kernels.compiled import compiled, inlined

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Winners = NDArray[np.unsignedinteger[Any]]


def _check(
    codes: Winners,
    active: NDArray[np.bool_],
    ends: NDArray[np.int64],
    listed: Winners,
    wins: NDArray[np.int64],
) -> None:
    check_equal("samples and MACs", codes.shape[:2], active.shape)
    check_equal("CMs", codes.shape[1] * codes.shape[2], len(ends))
    check_equal("listed winners", len(listed), len(wins))
    check_ends(ends, len(listed), "ends")


def _check_sums(
    codes: Winners,
    active: NDArray[np.bool_],
    ends: NDArray[np.int64],
    listed: Winners,
    wins: NDArray[np.int64],
    sums: NDArray[np.int64],
) -> None:
    _check(codes, active, ends, listed, wins)
    check_equal("sums", active.shape, sums.shape)


@bordered(_check)
def count_listed(
    codes: Winners,
    active: NDArray[np.bool_],
    ends: NDArray[np.int64],
    listed: Winners,
    wins: NDArray[np.int64],
) -> None:
    """Count the wins of listed neurons in active MACs.

    Args:
        codes: [n, M, Q], winners.
        active: [n, M].
        ends: [M * Q], where the listed neurons of each CM end.
        listed: [U], ascending within each CM.
        wins: [U], added to.
    """
    _look_up(codes, active, ends, listed, wins, np.empty((0, 0), np.int64))


@bordered(_check_sums)
def sum_listed(
    codes: Winners,
    active: NDArray[np.bool_],
    ends: NDArray[np.int64],
    listed: Winners,
    wins: NDArray[np.int64],
    sums: NDArray[np.int64],
) -> None:
    """Add up, for each sample and active MAC, the wins of its winners.

    Args:
        codes: [n, M, Q], winners.
        active: [n, M].
        ends: [M * Q], where the listed neurons of each CM end.
        listed: [U], ascending within each CM.
        wins: [U], of the listed neurons.
        sums: [n, M], added to.
    """
    if sums.size:
        _look_up(codes, active, ends, listed, wins, sums)


@compiled
def _look_up(
    codes: Winners,
    active: NDArray[np.bool_],
    ends: NDArray[np.int64],
    listed: Winners,
    wins: NDArray[np.int64],
    sums: NDArray[np.int64],
) -> None:
    """Add what listed winners won to sums [n, M]; or, where there are none, count what they won."""
    for sample in range(codes.shape[0]):
        for mac in range(codes.shape[1]):
            if active[sample, mac]:
                for cm in range(codes.shape[2]):
                    winner = codes[sample, mac, cm]
                    position = _position(listed, ends, mac * codes.shape[2] + cm, winner)
                    if position < 0:
                        continue
                    if sums.shape[0]:
                        sums[sample, mac] += wins[position]
                    else:
                        wins[position] += 1


@inlined
def _position(listed: Winners, ends: NDArray[np.int64], cm: int, winner: int) -> int:
    """Where a winner is listed among the neurons of a CM, of all MACs' [M * Q]; -1 where it isn't."""
    low, high = ends[cm - 1] if cm else 0, ends[cm]
    # Where all neurons are listed, each stands at its own number.
    middle = low + winner
    if middle >= high or listed[middle] != winner:
        middle = -1
        while low < high:
            between = (low + high) // 2
            if listed[between] < winner:
                low = between + 1
            elif listed[between] > winner:
                high = between
            else:
                middle = low = high = between
    return middle
