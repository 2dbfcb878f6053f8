"""Comparisons: which of two results is the better one, as the original system asks it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def average_nested_data(data: Any) -> float:
    """The mean of the means of nested values.

    A list's value is the mean of its items' values, an array's the mean of its elements; nan counts
    as 0, an empty list or array as 0, a number as itself. Source: "Comparisons" in docs/metrics.md.

    Args:
        data: a number, an array, or lists (tuples) of these to any depth; lists may be ragged.

    >>> average_nested_data([[1.0, 3.0], [math.nan, 4.0], []])
    1.3333333333333333
    """
    if isinstance(data, (list, tuple)):
        return sum(map(average_nested_data, data)) / len(data) if data else 0.0
    values = np.nan_to_num(np.asarray(data, dtype=np.float64), nan=0.0, posinf=math.inf, neginf=-math.inf)
    return float(values.mean()) if values.size else 0.0


def max_by_layerwise_mean(x: Any, y: Any) -> bool:
    """Whether x is better than y where the highest is best."""
    return average_nested_data(x) > average_nested_data(y)


def min_by_layerwise_mean(x: Any, y: Any) -> bool:
    """Whether x is better than y where the lowest is best."""
    return average_nested_data(x) < average_nested_data(y)
