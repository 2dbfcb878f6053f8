"""What metrics of spring 2024 return, by reduction: lists, numbers, arrays or tensors, each metric in its own way.

A reduction that a metric doesn't know gives None there, or what `other` says.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    Lists = Sequence[Sequence[float]]
    Reductions = Mapping[str | None, Callable[..., Any]]
    """What a metric makes of its values, by the reductions' names."""


def as_they_are(values: Any) -> Any:
    """All values: for each layer its MACs', or its samples'."""
    return values


def highest_layer(values: Sequence[Any]) -> Any:
    """The highest layer's values."""
    return values[-1]


def mean_of_each_layer(values: Lists) -> list[float | None]:
    """A list with each layer's mean; None for a layer without values.

    >>> mean_of_each_layer([[1, 3], []])
    [2.0, None]
    """
    return [_mean(layer) for layer in values]


def sum_of_each_layer(values: Lists) -> list[float]:
    """A list with each layer's sum."""
    return [sum(layer) for layer in values]


def mean_of_all(values: Lists) -> float | None:
    """The mean over all MACs, whichever layer they are in; not the mean of the layers' means.

    >>> mean_of_all([[1, 1, 1], [5]])
    2.0
    """
    return _mean(list(chain(*values)))


def sum_of_all(values: Lists) -> float:
    """The sum over all MACs."""
    return sum(map(sum, values))


def array_means(values: Sequence[NDArray[np.int64]]) -> list[np.floating[Any]]:
    """A list with each layer's mean, a numpy float64."""
    return [np.mean(layer) for layer in values]


def array_sums(values: Sequence[NDArray[np.int64]]) -> list[np.int64]:
    """A list with each layer's sum, a numpy int64."""
    return [np.sum(layer) for layer in values]


def tensor_mean(values: Tensor) -> Tensor:
    """[], the mean over layers and samples."""
    return torch.mean(values)


def tensor_sum(values: Tensor) -> Tensor:
    """[], the sum over layers and samples."""
    return torch.sum(values)


def unknown(values: Any) -> None:
    """None: the metric has no such reduction."""


def shaped(
    reduction: str | None,
    values: Any,
    known: Mapping[str | None, Callable[..., Any]],
    other: Callable[..., Any],
) -> Any:
    """Values under a reduction of a metric that knows these, and gives something else for others."""
    return known.get(reduction, other)(values)


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
