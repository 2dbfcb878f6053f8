"""A golden run, and metrics that watch it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sparsey_trace.sparseypy import BasisSetSizeIncreaseMetric, BasisSetSizeMetric, NumActivationsMetric
from tests.golden_runs import load_golden
from tests.sparseypy.standins import StandIn, final, spring, steps_of

if TYPE_CHECKING:
    from sparsey_trace.sparseypy import Metric


RUN, _ = load_golden("spring_digits_silent")
SHAPE = (8, 8, 1, 1)
"""Of its inputs."""


KINDS = pytest.mark.parametrize("kind", [spring, final])


LOWEST = (BasisSetSizeMetric, BasisSetSizeIncreaseMetric, NumActivationsMetric)


def shown(model: StandIn, metric: Metric, *, steps: int) -> Any:
    """The value after so many steps."""
    value = None
    for batch, training, _ in list(steps_of(RUN, SHAPE))[:steps]:
        value = metric.compute(model, batch, model(batch), training)
    return value


def sizes(values: Any) -> Any:
    return [sizes(value) for value in values] if isinstance(values, list) else type(values)
