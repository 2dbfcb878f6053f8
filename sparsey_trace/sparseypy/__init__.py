"""The original's interface: metrics that watch a live model, over the definitions that replay uses. Needs torch.

For scripts written for sparseypy: change the import, keep the script. See docs/sparseypy.md for what each name does,
what differs from the original, and why.

    from sparsey_trace.sparseypy import MetricFactory

    metric = MetricFactory.create_metric("basis_set_size", model=model)
    model(batch)
    value = metric.compute(model, batch, labels, training=True)     # value[layer][mac]
"""

from sparsey_trace.sparseypy import comparisons
from sparsey_trace.sparseypy.basis_average import BasisAverageMetric
from sparsey_trace.sparseypy.factory import MetricFactory
from sparsey_trace.sparseypy.hooks import Hook, HookFactory, LayerIOHook
from sparsey_trace.sparseypy.measures import (
    BasisSetSizeIncreaseMetric,
    BasisSetSizeMetric,
    FeatureCoverageMetric,
    MatchAccuracyMetric,
    NumActivationsMetric,
    SiscAdherenceMetric,
)
from sparsey_trace.sparseypy.metric import Metric

__all__ = [
    "BasisAverageMetric",
    "BasisSetSizeIncreaseMetric",
    "BasisSetSizeMetric",
    "FeatureCoverageMetric",
    "Hook",
    "HookFactory",
    "LayerIOHook",
    "MatchAccuracyMetric",
    "Metric",
    "MetricFactory",
    "NumActivationsMetric",
    "SiscAdherenceMetric",
    "comparisons",
]
