"""The original's interface: metrics that watch a live model, over the definitions that replay uses. Needs torch.

For scripts written for sparseypy: change the prefix of the imports, `sparseypy.core.metrics` or
`sparseypy.core.hooks`, and keep the script. See docs/sparseypy.md for what each name does, what differs from the
original, and why.

    from sparsey_trace.sparseypy.metric_factory import MetricFactory

    metric = MetricFactory.create_metric("basis_set_size", model=model)
    model(batch)
    value = metric.compute(model, batch, labels, training=True)
"""

from sparsey_trace.sparseypy import comparisons
from sparsey_trace.sparseypy.basis_average import BasisAverageMetric
from sparsey_trace.sparseypy.basis_set_size import BasisSetSizeMetric
from sparsey_trace.sparseypy.basis_set_size_increase import BasisSetSizeIncreaseMetric
from sparsey_trace.sparseypy.feature_coverage import FeatureCoverageMetric
from sparsey_trace.sparseypy.hook import Hook
from sparsey_trace.sparseypy.hook_factory import HookFactory
from sparsey_trace.sparseypy.inputs_and_codes_metric import InputsAndCodesMetric
from sparsey_trace.sparseypy.layer_io import LayerIOHook
from sparsey_trace.sparseypy.match_accuracy import MatchAccuracyMetric
from sparsey_trace.sparseypy.metric_factory import MetricFactory
from sparsey_trace.sparseypy.metrics import Metric
from sparsey_trace.sparseypy.num_activations import NumActivationsMetric
from sparsey_trace.sparseypy.sisc_adherence import SiscAdherenceMetric

__all__ = [
    "BasisAverageMetric",
    "BasisSetSizeIncreaseMetric",
    "BasisSetSizeMetric",
    "FeatureCoverageMetric",
    "Hook",
    "HookFactory",
    "InputsAndCodesMetric",
    "LayerIOHook",
    "MatchAccuracyMetric",
    "Metric",
    "MetricFactory",
    "NumActivationsMetric",
    "SiscAdherenceMetric",
    "comparisons",
]
