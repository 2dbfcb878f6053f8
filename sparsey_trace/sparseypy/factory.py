"""Metrics and comparisons by their names in configuration files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from sparsey_trace.errors import UsageError
from sparsey_trace.sparseypy import comparisons
from sparsey_trace.sparseypy.basis_average import BasisAverageMetric
from sparsey_trace.sparseypy.measures import (
    BasisSetSizeIncreaseMetric,
    BasisSetSizeMetric,
    FeatureCoverageMetric,
    MatchAccuracyMetric,
    NumActivationsMetric,
    SiscAdherenceMetric,
)
from sparsey_trace.support.suggest import hint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sparsey_trace.sparseypy.metric import Metric

_METRICS: dict[str, type[Metric]] = {
    cls.name: cls
    for cls in (
        BasisAverageMetric,
        BasisSetSizeIncreaseMetric,
        BasisSetSizeMetric,
        FeatureCoverageMetric,
        MatchAccuracyMetric,
        NumActivationsMetric,
        SiscAdherenceMetric,
    )
}
_COMPARISONS: dict[str, Callable[..., Any]] = {
    name: getattr(comparisons, name) for name in comparisons.__all__
}


class MetricFactory:
    """Makes metrics, and finds their classes and comparisons.

    Attributes:
        allowed_metrics: the metrics' names, as in `basis_set_size`.
        allowed_modules: these, and the names of the classes.
        allowed_comparisons: the comparisons' names.

    >>> sorted(MetricFactory.allowed_comparisons)
    ['average_nested_data', 'max_by_layerwise_mean', 'min_by_layerwise_mean']
    """

    allowed_metrics = frozenset(_METRICS)
    allowed_modules = frozenset(_METRICS) | {cls.__name__ for cls in _METRICS.values()}
    allowed_comparisons = frozenset(_COMPARISONS)

    @staticmethod
    def get_metric_class(metric_name: str) -> type[Metric]:
        """The class of a metric.

        Raises:
            UsageError: there is no such metric; a ValueError.

        >>> MetricFactory.get_metric_class("basis_set_size").__name__
        'BasisSetSizeMetric'
        """
        if metric_name not in _METRICS:
            _refuse("Invalid metric name!", metric_name, _METRICS)
        return _METRICS[metric_name]

    @staticmethod
    def create_metric(metric_name: str, **kwargs: Any) -> Metric:
        """A new metric.

        Args:
            metric_name: as in `allowed_metrics`.
            kwargs: of its class: `model`, `reduction` and so on; `best_value` may be the name of a comparison.

        Raises:
            UsageError: there is no such metric, reduction, comparison or parameter; a ValueError.
            RecordError: the model has no layers of either version of the original.
        """
        metric_class = MetricFactory.get_metric_class(metric_name)
        if isinstance(kwargs.get("best_value"), str):
            kwargs["best_value"] = MetricFactory.get_comparison_function(kwargs["best_value"])
        return metric_class(**kwargs)

    @staticmethod
    def is_valid_metric_class(metric_name: str) -> bool:
        """Whether there is a metric of this name.

        >>> MetricFactory.is_valid_metric_class("num_activations"), MetricFactory.is_valid_metric_class("accuracy")
        (True, False)
        """
        return metric_name in _METRICS

    @staticmethod
    def get_comparison_function(comparison_name: str) -> Callable[..., Any]:
        """A comparison.

        Raises:
            UsageError: there is no such comparison; a ValueError.

        >>> MetricFactory.get_comparison_function("max_by_layerwise_mean")([0.9], [0.4])
        True
        """
        if comparison_name not in _COMPARISONS:
            _refuse("Invalid comparison function name!", comparison_name, _COMPARISONS)
        return _COMPARISONS[comparison_name]

    @staticmethod
    def is_valid_comparison(comparison_name: str) -> bool:
        """Whether there is a comparison of this name."""
        return comparison_name in _COMPARISONS

    is_valid_comparision = is_valid_comparison


def _refuse(what: str, found: str, allowed: Iterable[str]) -> NoReturn:
    msg = f"{what} expected one of {', '.join(sorted(allowed))}, found {found!r}{hint(found, allowed)}"
    raise UsageError(msg)
