"""Comparisons of values in whatever shape they come."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from sparsey_trace.metrics import comparisons as definitions
from sparsey_trace.sparseypy.comparisons import (
    average_nested_data,
    max_by_layerwise_mean,
    min_by_layerwise_mean,
)

NAN = math.nan


def nested_tensor(*parts: list[Any]) -> Tensor:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*nested tensors.*", category=UserWarning)
        return torch.nested.nested_tensor([torch.tensor(part, dtype=torch.float32) for part in parts])


@pytest.mark.parametrize(
    ("data", "mean"),
    [
        ([[1, 3], [4]], 3.0),
        ([[1.0, 3.0], [[4.0, 0.0], []], 5], 8 / 3),
        ((1, (2, 3)), 1.75),
        (np.array([[1, 3], [4, 4]]), 3.0),
        ([np.array([1.0, 3.0]), np.array([4.0])], 3.0),
        (np.array([[1, 3], [4]], dtype=object), 3.0),
        (torch.tensor([[1.0, 3.0], [4.0, 4.0]]), 3.0),
        (torch.tensor([1, 3]), 2.0),
        (torch.tensor([True, False]), 0.5),
        (torch.tensor([1.0, 3.0], dtype=torch.bfloat16), 2.0),
        (torch.tensor([1.0, 3.0], requires_grad=True), 2.0),
        ([torch.tensor(1.0), torch.tensor([4.0, 2.0])], 2.0),
        (nested_tensor([1, 3], [4]), 3.0),
        (nested_tensor([[1, 3], [1, 3]], [[4], [NAN]]), 2.0),
        ([NAN, 4.0], 2.0),
        (np.array([NAN, 4.0]), 2.0),
        (torch.tensor([NAN, 4.0]), 2.0),
        (NAN, 0.0),
        ([], 0.0),
        ([[], [2.0]], 1.0),
        ([[], []], 0.0),
        (np.array([]), 0.0),
        (torch.tensor([]), 0.0),
        (nested_tensor(), 0.0),
        (None, 0.0),
        ([None, 3.0], 1.5),
        (0.5, 0.5),
        (np.float32(0.25), 0.25),
        (torch.tensor(2), 2.0),
    ],
    ids=repr,
)
def test_mean_of_means(data: Any, mean: float) -> None:
    found = average_nested_data(data)
    assert type(found) is float
    assert found == mean


def test_a_number_is_itself() -> None:
    assert (average_nested_data(3), type(average_nested_data(3))) == (3, int)


@pytest.mark.parametrize(
    "wrapped", [lambda x: x, lambda x: [np.array(p) for p in x], lambda x: nested_tensor(*x)]
)
def test_better_is_higher_or_lower_and_never_equal(wrapped: Any) -> None:
    low, high = wrapped([[1.0, 2.0], [0.0]]), wrapped([[1.0], [0.75, 1.0]])
    assert max_by_layerwise_mean(high, low) is True
    assert max_by_layerwise_mean(low, high) is False
    assert min_by_layerwise_mean(low, high) is True
    assert min_by_layerwise_mean(high, low) is False
    assert max_by_layerwise_mean(low, low) is False
    assert min_by_layerwise_mean(low, low) is False


def test_they_are_the_definitions() -> None:
    assert average_nested_data is definitions.average_nested_data
    assert max_by_layerwise_mean is definitions.max_by_layerwise_mean
    assert min_by_layerwise_mean is definitions.min_by_layerwise_mean
