"""Winners of references side by side, so that many are compared at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.kernels.borders import check_equal
from sparsey_trace.kernels.compiled import inlined

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sparsey_trace.kernels.input_pairs import InputPairs

SILENT = np.uint16(65535)
"""No neuron has this number: layers have fewer."""


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


def side_by_side(old_codes: NDArray[Any]) -> NDArray[np.uint16]:
    """[M, Q, R], where `line_up` writes winners of references [R, M, Q]."""
    references, macs, cms = old_codes.shape
    return np.empty((macs, cms, references), np.uint16)


@inlined
def line_up(
    old: NDArray[np.uint16],
    which: NDArray[np.int32],
    begin: int,
    same: int,
    count: int,
    old_codes: NDArray[Any],
    old_active: NDArray[np.bool_],
) -> None:
    """Put the winners of references beside each other.

    Args:
        old: [M, Q, R], the winners of the references that serve, `SILENT` where their MAC was.
        which: [P], the references that serve, of one sample from `begin` on.
        begin: the first.
        same: how many of the first of them stand in `old` already.
        count: how many serve.
        old_codes: [R, M, Q], of the references.
        old_active: [R, M].
    """
    for index in range(same, count):
        reference = which[begin + index]
        for mac in range(old.shape[0]):
            speaks = old_active[reference, mac]
            for cm in range(old.shape[1]):
                old[mac, cm, index] = old_codes[reference, mac, cm] if speaks else SILENT
