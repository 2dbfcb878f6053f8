"""Metrics by name."""

from __future__ import annotations

import difflib
import re
import types
from dataclasses import MISSING, fields
from functools import cache
from inspect import isabstract
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin, get_type_hints

from sparsey_trace.errors import UsageError
from sparsey_trace.metrics.base import RunMetric, SampleMetric
from sparsey_trace.metrics.basis_average import BasisAverage
from sparsey_trace.metrics.basis_set_size import BasisSetSize, BasisSetSizeIncrease
from sparsey_trace.metrics.feature_coverage import FeatureCoverage
from sparsey_trace.metrics.match_accuracy import MatchAccuracy
from sparsey_trace.metrics.num_activations import NumActivations
from sparsey_trace.metrics.sisc_adherence import SiscAdherence
from sparsey_trace.plugins import METRICS, package_of, sound

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
)


@cache
def metric_classes() -> dict[str, type[Metric[Any]]]:
    """Every known metric by its name: those here, and those that other packages offer."""
    known = _built_in()

    def fault(found: Any) -> str:
        wrong = _fault(found, known)
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


def _fault(found: Any, known: dict[str, type[Metric[Any]]]) -> str:
    """What is wrong with a metric that another package offers; empty where nothing is."""
    if not (isinstance(found, type) and issubclass(found, (RunMetric, SampleMetric))):
        return f"expected a class of RunMetric or SampleMetric, found {found!r}"
    # The class's own: what it inherits says nothing of its fields.
    if not getattr(vars(found).get("__dataclass_params__"), "frozen", False):
        return f"{found.__name__}: expected a frozen dataclass, found another class"
    name = getattr(found, "name", None)
    if not isinstance(name, str) or not re.fullmatch("[a-z][a-z0-9_]*", name):
        return f"{found.__name__}: name: expected lower-case letters, digits and _, found {name!r}"
    if name in known:
        return f"{found.__name__}: name: expected one that no other metric has, found {name!r}"
    lacking = [name for name, default in parameters_of(found).items() if default is MISSING]
    if lacking:
        return (
            f"{found.__name__}: expected a default for every parameter, found none for {', '.join(lacking)}"
        )
    if isabstract(found):
        return f"{found.__name__}: expected a method {', '.join(found.__abstractmethods__)}, found none"
    if issubclass(found, RunMetric) and found.update is RunMetric.update:
        return f"{found.__name__}: expected a method update, found none"
    get_type_hints(found)
    return ""


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
        raise UsageError(_unknown("metric", name, list(metric_classes())))
    known = parameters_of(cls)
    hints = get_type_hints(cls)
    given = {}
    for key, value in (parameters or {}).items():
        if key not in known:
            raise UsageError(_unknown(f"{name}: parameter", key, list(known)))
        given[key] = _read(value, hints[key], f"{name}: {key}") if isinstance(value, str) else value
    return cls(**given)


def _unknown(what: str, found: str, known: list[str]) -> str:
    near = difflib.get_close_matches(found, known, 1)
    hint = f" (did you mean {near[0]}?)" if near else ""
    return f"{what}: expected one of {', '.join(known) or 'none'}, found {found!r}{hint}"


def _read(text: str, hint: Any, what: str) -> Any:
    options = get_args(hint) if get_origin(hint) in (types.UnionType, Union) else (hint,)
    if type(None) in options and text.lower() == "none":
        return None
    if bool in options:
        if text.lower() in ("true", "false"):
            return text.lower() == "true"
        msg = f"{what}: expected true or false, found {text!r}"
        raise UsageError(msg)
    for kind in (int, float):
        if kind in options:
            try:
                return kind(text)
            except ValueError as error:
                msg = f"{what}: expected a number, found {text!r}"
                raise UsageError(msg) from error
    return text
