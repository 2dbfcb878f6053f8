"""Which rows of a table stand for nothing: of samples that have no training before them to be compared with."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from sparsey_trace.layout import TRAIN
from sparsey_trace.metrics.base import SampleMetric
from sparsey_trace.metrics.registry import metric_class

if TYPE_CHECKING:
    from sparsey_trace.trace.reading.sample_table import SampleTable


def nothing_until(name: str, samples: SampleTable) -> float:
    """The last step of which values in a metric's table say nothing, though there are some: the first training step.

    Args:
        name: the metric's; of one that asks for nothing before, -inf is given back.
        samples: of the run; where none is of training, inf is given back.
    """
    metric = metric_class(name)
    if metric is None or not issubclass(metric, SampleMetric) or not metric.told_behind_training:
        return -math.inf
    is_train = samples.phase[:] == TRAIN
    return float(samples.step[is_train.argmax()]) if is_train.any() else math.inf
