"""Means of groups of samples, and how far they can be trusted: a 95% interval from the samples' own spread.

Student's t, as what is averaged is a share of winners for each sample, not a yes or no: an interval for counts of
successes (Wilson's) would take every sample for a coin, and be several times too wide.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

_FEW = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)
_Z = 1.959964
"""Of the normal distribution, from which Student's t is reached by an expansion in 1 / freedom."""


@dataclass(frozen=True, eq=False, kw_only=True)
class GroupMeans:
    """The means of groups.

    Attributes:
        mean: [G] float64.
        size: [G] int64, how many samples each is of; at least one.
        margin: [G] float64, half the width of the 95% interval; nan for a single sample, which has no spread.
    """

    mean: NDArray[np.float64]
    size: NDArray[np.int64]
    margin: NDArray[np.float64]

    @property
    def whiskers(self) -> NDArray[np.float64]:
        """[2, G], how far the interval of a share goes below its mean and above it: within 0 to 1; nan as `margin`.

        Of a few samples it would reach far outside, and an axis with it.
        """
        return np.stack([np.minimum(self.margin, self.mean), np.minimum(self.margin, 1 - self.mean)])


def group_means(group: NDArray[np.int64], values: NDArray[np.float64]) -> GroupMeans:
    """Means of values [n] by groups [n], which are numbered from 0 without a gap."""
    size = np.bincount(group)
    mean = np.bincount(group, values) / size
    squares = np.bincount(group, (values - mean[group]) ** 2)
    margin = np.full(len(size), np.nan)
    several = size > 1
    quantiles = np.array([student_t(count - 1) for count in size[several].tolist()])
    margin[several] = quantiles * np.sqrt(squares[several] / (size[several] - 1) / size[several])
    return GroupMeans(mean=mean, size=size, margin=margin)


def samples_in_words(found: Iterable[GroupMeans]) -> str:
    """The fewest and the most samples of a group.

    >>> several = group_means(np.array([0, 0, 1]), np.array([0.5, 1, 1]))
    >>> samples_in_words([several]), samples_in_words([group_means(np.array([0, 0]), np.array([0.5, 1]))])
    ('1 to 2', '2')
    """
    sizes = np.concatenate([each.size for each in found])
    low, high = int(sizes.min()), int(sizes.max())
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def student_t(freedom: int) -> float:
    """The quantile of Student's t that 2.5% lie above, to a thousandth.

    >>> [round(student_t(freedom), 2) for freedom in (1, 10, 11, 20, 100)]
    [12.71, 2.23, 2.2, 2.09, 1.98]
    """
    if freedom <= len(_FEW):
        return _FEW[freedom - 1]
    return _Z + (_Z**3 + _Z) / (4 * freedom) + (5 * _Z**5 + 16 * _Z**3 + 3 * _Z) / (96 * freedom**2)
