"""Values of a step, and their reductions."""

from __future__ import annotations

import numpy as np
import pytest

from sparsey_trace.sparseypy import (
    BasisSetSizeMetric,
    NumActivationsMetric,
)
from tests.sparseypy.standins.replay import spring, steps_of
from tests.sparseypy.watched import RUN, shown, sizes


def test_shapes_under_reductions() -> None:
    for reduction, expected in {
        "layerwise_mean": [float] * 3,
        "layerwise_sum": [int] * 3,
        "mean": float,
        "sum": int,
        "highest_layer": [int] * 2,
        "highest_layer_mean": float,
    }.items():
        model = spring(RUN)
        assert sizes(shown(model, BasisSetSizeMetric(model, reduction), steps=3)) == expected


def test_reduced_values() -> None:
    model = spring(RUN)
    plain, total = NumActivationsMetric(model), NumActivationsMetric(model, "sum")
    layerwise, mean = NumActivationsMetric(model, "layerwise_mean"), NumActivationsMetric(model, "mean")
    batch, training, _ = next(steps_of(RUN, model))
    model(batch)
    counts, summed, means, mean_of_means = (
        metric.compute(model, batch, None, training) for metric in (plain, total, layerwise, mean)
    )
    assert summed == sum(map(sum, counts)) > 0
    assert means == [np.float32(np.mean(layer)) for layer in counts]
    assert mean_of_means == pytest.approx(np.mean(means))
