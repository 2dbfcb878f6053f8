"""Comparisons: which of two results is the better one, as the original system asks it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence


def average_nested_data(data: Any) -> float:
    """The mean of the means of nested values.

    A list's value is the mean of its items' values, an array's the mean of its elements; nan and None
    count as 0, an empty list or array as 0, a number as itself. Source: "Comparisons" in docs/metrics.md.

    Args:
        data: a number, an array, a torch tensor on any device, or lists (tuples) of these to any depth;
            lists may be ragged. A nested tensor, or an array of lists, is like the list of its parts.

    >>> average_nested_data([[1.0, 3.0], [math.nan, 4.0], []])
    1.3333333333333333
    """
    if type(data) in (int, float):
        return 0.0 if math.isnan(data) else data
    parts = _parts(data)
    if parts is not None:
        return sum(map(average_nested_data, parts)) / len(parts) if parts else 0.0
    if hasattr(data, "detach"):
        # A tensor; in float64 first, as numpy doesn't know all of torch's dtypes.
        data = data.detach().cpu().double().numpy()
    values = np.nan_to_num(np.asarray(data, dtype=np.float64), nan=0.0, posinf=math.inf, neginf=-math.inf)
    return float(values.mean()) if values.size else 0.0


def max_by_layerwise_mean(x: Any, y: Any) -> bool:
    """Whether x is better than y where the highest is best."""
    return average_nested_data(x) > average_nested_data(y)


def min_by_layerwise_mean(x: Any, y: Any) -> bool:
    """Whether x is better than y where the lowest is best."""
    return average_nested_data(x) < average_nested_data(y)


def _parts(data: Any) -> Sequence[Any] | None:
    """What nested values consist of; None where they are a number, or numbers in a regular shape."""
    if isinstance(data, (list, tuple)):
        return data
    if isinstance(data, np.ndarray) and data.dtype == object and data.ndim:
        return list(data)
    if getattr(data, "is_nested", False):
        parts: Sequence[Any] = data.unbind()
        return parts
    return None
