"""Comparisons of nested values."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sparsey_trace.metrics.comparisons import (
    average_nested_data,
    max_by_layerwise_mean,
    min_by_layerwise_mean,
)


def test_nested_means() -> None:
    assert average_nested_data([[1, 3], [np.array([math.nan, 4.0]), []], 5]) == pytest.approx((2 + 1 + 5) / 3)
    assert average_nested_data([]) == 0.0
    assert average_nested_data(np.float32(2.5)) == 2.5
    assert max_by_layerwise_mean([[2.0]], [[1.0, 2.0]]) is True
    assert min_by_layerwise_mean([[2.0]], [[1.0, 2.0]]) is False
    assert max_by_layerwise_mean([1.0], [1.0]) is False
