"""Which of two values of a metric is the better one: the original's names.

>>> max_by_layerwise_mean([[0.5, 1.0], [0.25]], [[0.5], [0.5]])
False
"""

from __future__ import annotations

from sparsey_trace.metrics.comparisons import (
    average_nested_data,
    max_by_layerwise_mean,
    min_by_layerwise_mean,
)

__all__ = ["average_nested_data", "max_by_layerwise_mean", "min_by_layerwise_mean"]
