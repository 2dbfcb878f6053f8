"""The samples of which values of several layers are worst together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sparsey_trace.metrics.base import Best


def worst_samples(
    sample: NDArray[np.int64], value: NDArray[Any], *, best: Best, n: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Of each sample the mean over the layers of which it has a value; worst first, of equal ones the first recorded.

    Args:
        sample: [R] the numbers of samples, each as often as it has layers.
        value: [R] means over the MACs of a layer; nan where there is none.
        best: which values are best.
        n: how many samples at most.

    Returns:
        [n] samples, and their [n] means, as exact as single values are.
    """
    known = ~np.isnan(value)
    numbers, of_sample = np.unique(sample[known], return_inverse=True)
    sums = np.bincount(of_sample, weights=value[known], minlength=len(numbers))
    means = sums / np.bincount(of_sample, minlength=len(numbers))
    if np.issubdtype(value.dtype, np.floating):
        # What differs by less than single values can tell is a tie.
        means = means.astype(value.dtype).astype(np.float64)
    order = np.argsort(-means if best == "lowest" else means, kind="stable")[:n]
    return numbers[order], means[order]
