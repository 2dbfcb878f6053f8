"""Winners of CMs of very many neurons, as numbers that kernels compare."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_SAMPLES = 1 << 15
"""So many may be ranked at once."""

_OTHER = 65_534
"""Stands for a winner of a reference that no sample has."""


def ranked(codes: NDArray[Any], old_codes: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Codes that agree in the same CMs, and that two bytes hold.

    Those that fit are as they were. Of others each winner becomes its rank among the winners of its CM that the samples
    have; so only which ones are equal is told by them.

    Args:
        codes: [n, M, Q], of at most `MOST_SAMPLES`.
        old_codes: [R, M, Q], that these are compared with.

    >>> [found.tolist() for found in ranked(np.uint32([[[9]], [[70000]]]), np.uint32([[[70000]], [[5]]]))]
    [[[[0]], [[1]]], [[[1]], [[65534]]]]
    """
    if codes.dtype.itemsize <= 2:
        return codes, old_codes
    wide = np.arange(codes.shape[1] * codes.shape[2], dtype=np.int64).reshape(codes.shape[1:]) << 32
    found, place = np.unique(wide + codes, return_inverse=True)
    first = np.searchsorted(found, wide)  # of each CM's winners
    old = wide + old_codes
    old_place = np.minimum(np.searchsorted(found, old), len(found) - 1)
    is_known = found[old_place] == old if len(found) else np.zeros(old.shape, np.bool_)
    ranks = (place.reshape(codes.shape) - first).astype(np.uint16)
    return ranks, np.where(is_known, old_place - first, _OTHER).astype(np.uint16)
