"""What is computed: the metrics, each a fold over a run; see `sparsey_trace.metrics.base`."""

from sparsey_trace.metrics.base import (
    Context,
    Metric,
    Recalled,
    RunMetric,
    SampleMetric,
    SampleValues,
    TallyMetric,
)
from sparsey_trace.metrics.basis_average import BasisAverage
from sparsey_trace.metrics.basis_set import BasisSet
from sparsey_trace.metrics.basis_set_size import BasisSetSize, BasisSetSizeIncrease
from sparsey_trace.metrics.code_usage import CodeUsage
from sparsey_trace.metrics.feature_coverage import FeatureCoverage
from sparsey_trace.metrics.label_information import LabelInformation
from sparsey_trace.metrics.layer_value import LayerValue
from sparsey_trace.metrics.match_accuracy import MatchAccuracy
from sparsey_trace.metrics.num_activations import NumActivations
from sparsey_trace.metrics.registry import available, make_metric
from sparsey_trace.metrics.sisc_adherence import SiscAdherence
from sparsey_trace.metrics.sisc_curve import SiscCurve

__all__ = [
    "BasisAverage",
    "BasisSet",
    "BasisSetSize",
    "BasisSetSizeIncrease",
    "CodeUsage",
    "Context",
    "FeatureCoverage",
    "LabelInformation",
    "LayerValue",
    "MatchAccuracy",
    "Metric",
    "NumActivations",
    "Recalled",
    "RunMetric",
    "SampleMetric",
    "SampleValues",
    "SiscAdherence",
    "SiscCurve",
    "TallyMetric",
    "available",
    "make_metric",
]
