"""Metrics by name."""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from typing import TYPE_CHECKING, Any, get_type_hints

from sparsey_trace.errors import SparseyTraceError, UsageError
from sparsey_trace.metrics.basis_average import BasisAverage
from sparsey_trace.metrics.basis_set import BasisSet
from sparsey_trace.metrics.basis_set_size import BasisSetSize, BasisSetSizeIncrease
from sparsey_trace.metrics.code_usage import CodeUsage
from sparsey_trace.metrics.declaration import fault_of
from sparsey_trace.metrics.feature_coverage import FeatureCoverage
from sparsey_trace.metrics.label_information import LabelInformation
from sparsey_trace.metrics.layer_value import LayerValue
from sparsey_trace.metrics.match_accuracy import MatchAccuracy
from sparsey_trace.metrics.num_activations import NumActivations
from sparsey_trace.metrics.parameters import read_parameter
from sparsey_trace.metrics.sisc_adherence import SiscAdherence
from sparsey_trace.metrics.sisc_curve import SiscCurve
from sparsey_trace.support.plugins import METRICS, package_of, sound
from sparsey_trace.support.suggest import unknown

if TYPE_CHECKING:
    from sparsey_trace.metrics.base import Metric

BUILT_IN: tuple[type[Metric[Any]], ...] = (
    NumActivations,
    BasisSetSize,
    BasisSetSizeIncrease,
    FeatureCoverage,
    MatchAccuracy,
    BasisAverage,
    SiscAdherence,
    CodeUsage,
    BasisSet,
    LabelInformation,
    SiscCurve,
    LayerValue,
)


@cache
def metric_classes() -> dict[str, type[Metric[Any]]]:
    """Every known metric by its name: those here, and those that other packages offer."""
    known = _built_in()

    def fault(found: Any) -> str:
        wrong = fault_of(found, known)
        if not wrong:
            known[found.name] = found
        return wrong

    sound(METRICS, fault)
    return known


def metric_class(name: str) -> type[Metric[Any]] | None:
    """A metric by its name; for one of ours, what others offer isn't imported. None where there is none."""
    return _built_in().get(name) or metric_classes().get(name)


def package_of_metric(cls: type[Metric[Any]]) -> str | None:
    """Which other package a metric comes from, with its version; None where it is built in."""
    return None if cls in BUILT_IN else package_of(cls, METRICS)


def _built_in() -> dict[str, type[Metric[Any]]]:
    return {cls.name: cls for cls in BUILT_IN}


def available() -> dict[str, str]:
    """The names of all metrics, with a line on each.

    >>> available()["num_activations"]
    'How many samples of the step each MAC was active for.'
    """
    return {name: (cls.__doc__ or "").strip().partition("\n")[0] for name, cls in metric_classes().items()}


def parameters_of(cls: type[Metric[Any]]) -> dict[str, Any]:
    """A metric's parameters and their defaults."""
    return {f.name: f.default for f in fields(cls)}  # type: ignore[arg-type]


def make_metric(name: str, parameters: dict[str, Any] | None = None) -> Metric[Any]:
    """A metric by its name.

    Args:
        name: as in `available`.
        parameters: by name; strings are read as the parameter's type demands ("none" is None).

    Raises:
        UsageError: there is no such metric or parameter, or a value doesn't fit.

    >>> make_metric("match_accuracy", {"distance": "jaccard", "reference_size": "64"}).reference_size
    64
    """
    cls = metric_class(name)
    if cls is None:
        raise UsageError(unknown("metric", name, metric_classes()))
    known = parameters_of(cls)
    hints = get_type_hints(cls)
    given = {}
    for key, value in (parameters or {}).items():
        if key not in known:
            raise UsageError(unknown(f"{name}: parameter", key, known))
        given[key] = read_parameter(value, hints[key], f"{name}: {key}") if isinstance(value, str) else value
    try:
        return cls(**given)
    except SparseyTraceError:
        raise
    except Exception as error:
        msg = (
            f"{name}: expected parameters that it takes, found that it raised {type(error).__name__}: {error}"
        )
        raise UsageError(msg) from error
