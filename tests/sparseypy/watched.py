"""A golden run, and metrics that watch it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch

from sparsey_trace.sparseypy import BasisSetSizeIncreaseMetric, BasisSetSizeMetric, NumActivationsMetric
from tests.golden_runs import load_golden
from tests.sparseypy.standins.build import StandIn, sample_shape
from tests.sparseypy.standins.replay import final, spring, steps_of

if TYPE_CHECKING:
    from sparsey_trace.sparseypy import Metric


RUN, _ = load_golden("spring_digits_silent")
KINDS = pytest.mark.parametrize("kind", [spring, final])


LOWEST = (BasisSetSizeMetric, BasisSetSizeIncreaseMetric, NumActivationsMetric)


def blank(model: StandIn, count: int = 1) -> torch.Tensor:
    """A batch of so many samples in which nothing is on."""
    return torch.zeros(count, *sample_shape(model))


def shown(model: StandIn, metric: Metric, *, steps: int) -> Any:
    """The value after so many steps."""
    value = None
    for batch, training, _ in list(steps_of(RUN, model))[:steps]:
        value = metric.compute(model, batch, model(batch), training)
    return value


def sizes(values: Any) -> Any:
    return [sizes(value) for value in values] if isinstance(values, list) else type(values)
