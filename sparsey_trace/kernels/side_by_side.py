"""Winners of references side by side, so that many are compared at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.kernels.borders import check_equal
from sparsey_trace.kernels.compiled import inlined

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sparsey_trace.kernels.input_pairs import InputPairs


def check_codes(
    codes: NDArray[Any],
    active: NDArray[np.bool_],
    old_codes: NDArray[Any],
    old_active: NDArray[np.bool_],
    pairs: InputPairs,
) -> None:
    """See that codes of samples and of references are those that pairs are of.

    Raises:
        IndexError: they aren't.
    """
    check_equal("samples and MACs", codes.shape[:2], active.shape)
    check_equal("references and MACs", old_codes.shape[:2], old_active.shape)
    check_equal("MACs and CMs", codes.shape[1:], old_codes.shape[1:])
    check_equal("samples", len(codes), len(pairs.ends))
    check_equal("pairs", len(pairs.which), int(pairs.ends[-1]) if len(pairs.ends) else 0)


def side_by_side(
    old_codes: NDArray[Any],
) -> tuple[NDArray[np.uint16], NDArray[np.uint32], NDArray[np.int64]]:
    """Where `line_up` writes winners of references [R, M, Q]: winners [M, Q, R], indices [M, R], how many [M]."""
    references, macs, cms = old_codes.shape
    return (
        np.empty((macs, cms, references), np.uint16),
        np.empty((macs, references), np.uint32),
        np.zeros(macs, np.int64),
    )


@inlined
def line_up(
    old: NDArray[np.uint16],
    index_of: NDArray[np.uint32],
    filled: NDArray[np.int64],
    which: NDArray[np.int32],
    begin: int,
    same: int,
    count: int,
    old_codes: NDArray[Any],
    old_active: NDArray[np.bool_],
) -> None:
    """Put the winners of references beside each other, for each MAC of those for which it was active.

    Args:
        old: [M, Q, R], the winners, from the first on.
        index_of: [M, R], the how manieth of those that serve each of these is, rising; unsigned, as an index that
            can't be negative is followed in half the time.
        filled: [M], how many stand there for each MAC.
        which: [P], the references that serve, of one sample from `begin` on.
        begin: the first.
        same: how many of the first of them were the first of those of the call before.
        count: how many serve.
        old_codes: [R, M, Q], of the references.
        old_active: [R, M].
    """
    for mac in range(old.shape[0]):
        while filled[mac] > 0 and index_of[mac, filled[mac] - 1] >= same:
            filled[mac] -= 1
    for index in range(same, count):
        reference = which[begin + index]
        for mac in range(old.shape[0]):
            if old_active[reference, mac]:
                for cm in range(old.shape[1]):
                    old[mac, cm, filled[mac]] = old_codes[reference, mac, cm]
                index_of[mac, filled[mac]] = index
                filled[mac] += 1


@inlined
def count_agreeing(
    old: NDArray[np.uint16],
    count: int,
    codes: NDArray[Any],
    sample: int,
    mac: int,
    agreeing: NDArray[np.uint16],
) -> None:
    """Write in how many CMs a sample's code agrees with each of the first `count` that stand beside each other.

    Args:
        old: [M, Q, R], the winners.
        count: how many there are.
        codes: [n, M, Q].
        sample: of these.
        mac: whose codes.
        agreeing: [R], from 0 on.
    """
    for index in range(count):
        agreeing[index] = 0
    for cm in range(codes.shape[2]):
        winner = np.uint16(codes[sample, mac, cm])
        for index in range(count):
            agreeing[index] += old[mac, cm, index] == winner
