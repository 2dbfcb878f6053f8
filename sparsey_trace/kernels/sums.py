"""Sums over groups of samples, in whole numbers: the same in whatever order they are added."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.kernels.borders import bordered, check_equal, check_indices
from sparsey_trace.kernels.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WHOLE = 2.0**53
"""Below this every whole number is one of a fraction's type."""


def _check_fractions(
    values: NDArray[np.float64],
    group: NDArray[np.int64],
    scale: float,
    limit: float,
    totals: NDArray[np.int64],
) -> None:
    _check_counts(values, group, totals)


def _check_counts(values: NDArray[Any], group: NDArray[np.int64], totals: NDArray[np.int64]) -> None:
    check_equal("samples", len(values), len(group))
    check_equal("MACs", values.shape[1], totals.shape[1])
    check_indices(group, len(totals), "group")


@bordered(_check_fractions)
def add_fractions(
    values: NDArray[np.float64],
    group: NDArray[np.int64],
    scale: float,
    limit: float,
    totals: NDArray[np.int64],
) -> bool:
    """Add values, times `scale` and rounded, to the totals of their groups.

    Args:
        values: [n, M].
        group: [n], the group of each sample.
        scale: how many units make 1.
        limit: what all values have to lie below, without their signs.
        totals: [g, M], added to.

    Returns:
        Whether they do; if not, the totals mean nothing.
    """
    return bool(_add(values, group, scale, limit, totals))


@compiled
def _add(
    values: NDArray[np.float64],
    group: NDArray[np.int64],
    scale: float,
    limit: float,
    totals: NDArray[np.int64],
) -> int:
    """What `add_fractions` does; 1 or 0."""
    fits = 1
    for sample in range(values.shape[0]):
        total = group[sample]
        for mac in range(values.shape[1]):
            value = values[sample, mac]
            fits &= abs(value) < limit
            totals[total, mac] += np.int64(np.rint(value * scale))
    return fits


@bordered(_check_counts)
def add_counts(values: NDArray[np.integer[Any]], group: NDArray[np.int64], totals: NDArray[np.int64]) -> None:
    """Add counts [n, M] to the totals [g, M] of their groups [n]."""
    if values.size and max(int(values.max()), -int(values.min())) >= _WHOLE:
        np.add.at(totals, group, values)
    else:
        # As they are whole numbers of a fraction's type, one compiled loop does for both.
        add_fractions(np.ascontiguousarray(values, np.float64), group, 1.0, _WHOLE, totals)
