"""All charts, in the order in which they are listed, and stand in a report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sparsey_trace.charts.activity_over_samples import ActivityOverSamplesChart
from sparsey_trace.charts.basis_average import BasisAverageChart
from sparsey_trace.charts.basis_set import BasisSetChart
from sparsey_trace.charts.basis_set_size import BasisSetSizeChart
from sparsey_trace.charts.basis_set_size_increase import BasisSetSizeIncreaseChart
from sparsey_trace.charts.code_usage import CodeUsageChart
from sparsey_trace.charts.code_usage_over_epochs import CodeUsageOverEpochsChart
from sparsey_trace.charts.feature_coverage import FeatureCoverageChart
from sparsey_trace.charts.label_information import LabelInformationChart
from sparsey_trace.charts.layer_value import LayerValueChart
from sparsey_trace.charts.layer_value_distribution import LayerValueDistributionChart
from sparsey_trace.charts.match_accuracy import MatchAccuracyChart
from sparsey_trace.charts.match_accuracy_by_class import MatchAccuracyByClassChart
from sparsey_trace.charts.match_accuracy_by_distance import MatchAccuracyByDistanceChart
from sparsey_trace.charts.match_accuracy_by_value import MatchAccuracyByValueChart
from sparsey_trace.charts.num_activations import NumActivationsChart
from sparsey_trace.charts.similarity import SimilarityChart
from sparsey_trace.charts.sisc_adherence import SiscAdherenceChart
from sparsey_trace.charts.sisc_curve import SiscCurveChart
from sparsey_trace.charts.worst_matches import WorstMatchesChart

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sparsey_trace.charts.base import JointChart, LayerChart

_ALL: tuple[JointChart[Any] | LayerChart[Any], ...] = (
    BasisSetSizeChart(),
    BasisSetSizeIncreaseChart(),
    BasisSetChart(),
    NumActivationsChart(),
    ActivityOverSamplesChart(),
    CodeUsageChart(),
    CodeUsageOverEpochsChart(),
    FeatureCoverageChart(),
    MatchAccuracyChart(),
    MatchAccuracyByClassChart(),
    MatchAccuracyByDistanceChart(),
    WorstMatchesChart(),
    SimilarityChart(),
    SiscCurveChart(),
    SiscAdherenceChart(),
    LayerValueChart(),
    LayerValueDistributionChart(),
    MatchAccuracyByValueChart(),
    LabelInformationChart(),
    BasisAverageChart(),
)

CHARTS: Mapping[str, JointChart[Any] | LayerChart[Any]] = {chart.name: chart for chart in _ALL}
"""By name."""
