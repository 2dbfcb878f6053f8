"""Metrics and comparisons by their names in configuration files."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

import torch

from sparsey_trace.errors import UsageError
from sparsey_trace.sparseypy import comparisons
from sparsey_trace.sparseypy.basis_average import BasisAverageMetric
from sparsey_trace.sparseypy.basis_set_size import BasisSetSizeMetric
from sparsey_trace.sparseypy.basis_set_size_increase import BasisSetSizeIncreaseMetric
from sparsey_trace.sparseypy.feature_coverage import FeatureCoverageMetric
from sparsey_trace.sparseypy.match_accuracy import MatchAccuracyMetric
from sparsey_trace.sparseypy.metrics import Metric
from sparsey_trace.sparseypy.num_activations import NumActivationsMetric
from sparsey_trace.sparseypy.sisc_adherence import SiscAdherenceMetric
from sparsey_trace.support.suggest import hint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_METRICS: dict[str, type[Metric]] = {
    cls.metric_name: cls
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
_OTHER_MODULES = ("comparisons", "inputs_and_codes_metric", "metrics", "reductions")


class _NotGiven(Enum):
    NOT_GIVEN = "not given"


NOT_GIVEN = _NotGiven.NOT_GIVEN


class MetricFactory:
    """Makes metrics, and finds their classes and comparisons.

    A class of your own is found by its name once `allowed_modules` has it: `MyMetric`, which configuration files call
    `my`, as a subclass of `Metric`. A function of your own is, once `allowed_comparisons` has its name and the module
    `comparisons` the function.

    Attributes:
        allowed_metrics: the names of metrics here, as in `basis_set_size`.
        allowed_modules: names of modules and of metrics' classes.
        allowed_comparisons: the comparisons' names.

    >>> sorted(MetricFactory.allowed_comparisons)
    ['average_nested_data', 'max_by_layerwise_mean', 'min_by_layerwise_mean']
    """

    allowed_metrics: ClassVar[frozenset[str]] = frozenset(_METRICS)
    allowed_modules: ClassVar[set[str]] = {
        *_METRICS,
        *(cls.__name__ for cls in _METRICS.values()),
        *_OTHER_MODULES,
    }
    allowed_comparisons: ClassVar[set[str]] = set(comparisons.__all__)

    @staticmethod
    def get_metric_class(metric_name: str) -> type[Metric]:
        """The class of a metric.

        Raises:
            UsageError: there is no such metric; a ValueError.

        >>> MetricFactory.get_metric_class("basis_set_size").__name__
        'BasisSetSizeMetric'
        """
        name = _class_name(metric_name)
        if {metric_name, name} & MetricFactory.allowed_modules:
            for cls in (*_METRICS.values(), *_subclasses(Metric)):  # type: ignore[type-abstract]
                if cls.__name__ == name:
                    return cls
        _refuse("Invalid metric name!", metric_name, _METRICS)

    @staticmethod
    def create_metric(
        metric_name: str,
        reduction: str | _NotGiven | None = NOT_GIVEN,
        comparison: str | None = None,
        params: dict[str, Any] | None = None,
        model: Any = NOT_GIVEN,
        device: Any = NOT_GIVEN,
        **kwargs: Any,
    ) -> Metric:
        """A new metric, by the call of either generation.

        Spring: `create_metric(metric_name, model=…, reduction=…, best_value=…)`, any keywords of the metric's class.
        Final: `create_metric(metric_name, reduction, comparison, params, model, device)`.

        Args:
            metric_name: as in `allowed_metrics`.
            reduction: over MACs and layers.
            comparison: the name of a comparison; None or `none`: the metric's own.
            params: further arguments of the metric's class.
            model: what is watched.
            device: where values are put.
            kwargs: further arguments too; `best_value` may be the name of a comparison.

        Raises:
            UsageError: there is no such metric, comparison, device or parameter; a ValueError.
        """
        metric_class = MetricFactory.get_metric_class(metric_name)
        named = {"model": model, "device": device, "reduction": reduction}
        given = {name: value for name, value in named.items() if value is not NOT_GIVEN}
        if isinstance(device, str):
            given["device"] = _device(device)
        given |= {**(params or {}), **kwargs}
        best = comparison if comparison is not None else given.get("best_value")
        if isinstance(best, str):
            given["best_value"] = None if best == "none" else MetricFactory.get_comparison_function(best)
        return metric_class(**given)

    @staticmethod
    def is_valid_metric_class(metric_name: str) -> bool:
        """Whether there is a metric of this name, or of a class of this name.

        >>> MetricFactory.is_valid_metric_class("num_activations"), MetricFactory.is_valid_metric_class("accuracy")
        (True, False)
        """
        return _class_name(metric_name) in MetricFactory.allowed_modules

    @staticmethod
    def get_comparison_function(comparison_name: str) -> Callable[..., Any]:
        """A comparison.

        Raises:
            UsageError: there is no such comparison; a ValueError.

        >>> MetricFactory.get_comparison_function("max_by_layerwise_mean")([0.9], [0.4])
        True
        """
        is_valid = MetricFactory.is_valid_comparison(comparison_name)
        found: Callable[..., Any] | None = getattr(comparisons, comparison_name, None) if is_valid else None
        if found is None:
            _refuse("Invalid comparison function name!", comparison_name, comparisons.__all__)
        return found

    @staticmethod
    def is_valid_comparison(comparison_name: str) -> bool:
        """Whether there is a comparison of this name."""
        return comparison_name in MetricFactory.allowed_comparisons

    is_valid_comparision = is_valid_comparison


def _class_name(metric_name: object) -> str:
    """Of a metric's name, or of its class's; nothing where a configuration file has none."""
    if not isinstance(metric_name, str):
        return ""
    if metric_name.endswith("Metric"):
        return metric_name
    return "".join(map(str.capitalize, metric_name.split("_"))) + "Metric"


def _device(name: str) -> torch.device:
    """Of a name, which a metric's class would take for a reduction's if it is no device's."""
    try:
        return torch.device(name)
    except RuntimeError as error:
        msg = f"device: expected one of torch's, such as cpu or cuda, found {name!r}"
        raise UsageError(msg) from error


def _subclasses(cls: type[Metric]) -> Iterator[type[Metric]]:
    """All classes below, the latest first."""
    for below in reversed(cls.__subclasses__()):
        yield below
        yield from _subclasses(below)


def _refuse(what: str, found: object, allowed: Iterable[str]) -> NoReturn:
    classes = [cls.__name__ for cls in _METRICS.values()] if allowed is _METRICS else []
    msg = f"{what} expected one of {', '.join(sorted(allowed))}, found {found!r}{hint(found, [*allowed, *classes])}"
    raise UsageError(msg)
