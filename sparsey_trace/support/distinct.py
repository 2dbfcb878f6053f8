"""Which values there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Whole = TypeVar("Whole", bound=np.integer[Any])


def distinct(values: NDArray[Whole]) -> NDArray[Whole]:
    """Each of [n] whole numbers once, rising: as `numpy.unique`, which would load all of `numpy.ma` to look at them.

    For what a command does before it reads samples; where arrays are long, or that is loaded, numpy's is as good.

    >>> distinct(np.array([3, 1, 3])), distinct(np.empty(0, np.int64))
    (array([1, 3]), array([], dtype=int64))
    """
    rising = np.sort(values)
    is_first = np.ones(len(rising), np.bool_)
    np.not_equal(rising[1:], rising[:-1], out=is_first[1:])
    return rising[is_first]
