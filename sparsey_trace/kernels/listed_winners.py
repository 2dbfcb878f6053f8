"""How often winners that are listed won, and the sums of that over the winners of other samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sparsey_trace.kernels.borders import bordered, check_ends, check_equal
from sparsey_trace.kernels.compiled import compiled

if TYPE_CHECKING:
    import numpy as np
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


@compiled
def _position(listed: Winners, ends: NDArray[np.int64], cm: int, winner: int) -> int:
    """Where a winner is listed among the neurons of a CM, of all MACs' [M * Q]; -1 where it isn't."""
    low, high = int(ends[cm - 1]) if cm else 0, int(ends[cm])
    if winner < high - low and listed[low + winner] == winner:
        # Where all neurons are listed, each stands at its own number.
        return low + winner
    while low < high:
        middle = (low + high) // 2
        if listed[middle] < winner:
            low = middle + 1
        elif listed[middle] > winner:
            high = middle
        else:
            return middle
    return -1


@bordered(_check)
@compiled
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
    for sample in range(codes.shape[0]):
        for mac in range(codes.shape[1]):
            if active[sample, mac]:
                for cm in range(codes.shape[2]):
                    number, winner = mac * codes.shape[2] + cm, int(codes[sample, mac, cm])
                    position = _position(listed, ends, number, winner)
                    if position >= 0:
                        wins[position] += 1


@bordered(_check_sums)
@compiled
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
    for sample in range(codes.shape[0]):
        for mac in range(codes.shape[1]):
            if active[sample, mac]:
                for cm in range(codes.shape[2]):
                    number, winner = mac * codes.shape[2] + cm, int(codes[sample, mac, cm])
                    position = _position(listed, ends, number, winner)
                    if position >= 0:
                        sums[sample, mac] += wins[position]
