"""Whether a class declares a metric that engines, tables and the command line can work with, and keeps to it."""

from __future__ import annotations

import re
from dataclasses import MISSING, fields
from inspect import isabstract
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from sparsey_trace.layout import EVAL, MARKS, TRAIN
from sparsey_trace.metrics.base import (
    EVERYTHING,
    RESOLUTIONS,
    Best,
    Metric,
    OverSamples,
    RunMetric,
    SampleMetric,
    TallyMetric,
)
from sparsey_trace.metrics.parameters import can_be_read
from sparsey_trace.metrics.reductions import REDUCTIONS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from sparsey_trace.chunk import Chunk
    from sparsey_trace.metrics.base import SampleValues

_COLUMNS = frozenset(
    {
        "sample",
        "step",
        "epoch",
        "phase",
        *MARKS.values(),
        "layer",
        "mac",
        "value",
        "samples",
        "layer_name",
        "metric",
    },
)
"""What extra columns can't be called."""

_CHOICES: dict[str, frozenset[Any]] = {
    "requires": EVERYTHING | {"values"},
    "values_require": EVERYTHING | {"values"},
    "values_phases": frozenset({TRAIN, EVAL}),
    "resolutions": frozenset(RESOLUTIONS),
    "reductions": frozenset({None, *REDUCTIONS}),
}
"""Class attributes that hold several of these."""

_WORDS = {"best": get_args(Best), "over_samples": get_args(OverSamples)}
"""Class attributes that are one of these."""


def fault_of(found: Any, taken: Collection[str]) -> str:
    """What is wrong with a class that is to be a metric; empty where nothing is.

    Args:
        found: the class, or whatever else was found in its place.
        taken: the names that other metrics have.

    Raises:
        Exception: any, from the class itself: its types can't be resolved, or it can't be made.
    """
    if not (isinstance(found, type) and issubclass(found, (RunMetric, SampleMetric))):
        return f"expected a class of RunMetric or SampleMetric, found {found!r}"
    # The class's own: what it inherits says nothing of its fields.
    if not getattr(vars(found).get("__dataclass_params__"), "frozen", False):
        return f"{found.__name__}: expected a frozen dataclass, found another class"
    fault = _of_name(found, taken) or _of_methods(found) or _of_attributes(found) or _of_parameters(found)
    if not fault:
        found()
    return f"{found.__name__}: {fault}" if fault else ""


def _of_name(cls: type[Metric[Any]], taken: Collection[str]) -> str:
    name = getattr(cls, "name", None)
    if not isinstance(name, str) or not re.fullmatch("[a-z][a-z0-9_]*", name):
        return f"name: expected lower-case letters, digits and _, found {name!r}"
    if name.endswith("_layer"):
        return f"name: expected one that doesn't end like tables of whole layers, in _layer, found {name!r}"
    if name in taken:
        return f"name: expected one that no other metric has, found {name!r}"
    return ""


def _of_methods(cls: type[Metric[Any]]) -> str:
    if isabstract(cls):
        return f"expected a method {', '.join(sorted(cls.__abstractmethods__))}, found none"
    if issubclass(cls, RunMetric) and cls.update is RunMetric.update:
        return "expected a method update, found none"
    return ""


def _of_attributes(cls: type[Metric[Any]]) -> str:
    for name, words in _WORDS.items():
        if hasattr(cls, name) and getattr(cls, name) not in words:
            return f"{name}: expected {' or '.join(words)}, found {getattr(cls, name)!r}"
    for name, choices in _CHOICES.items():
        if hasattr(cls, name) and not _holds(getattr(cls, name), choices):
            known = ", ".join(sorted(map(str, choices)))
            return f"{name}: expected a set or tuple of {known}, found {getattr(cls, name)!r}"
    extra = getattr(cls, "extra", {})
    if clash := _COLUMNS.intersection(extra):
        return f"extra: expected names that other columns don't have, found {min(clash)!r}"
    return ""


def _holds(found: Any, choices: frozenset[Any]) -> bool:
    return isinstance(found, (set, frozenset, tuple)) and choices.issuperset(found)


def _of_parameters(cls: type[Metric[Any]]) -> str:
    defaults = {field.name: field.default for field in fields(cls)}  # type: ignore[arg-type]
    lacking = [name for name, default in defaults.items() if default is MISSING]
    if lacking:
        return f"expected a default for every parameter, found none for {', '.join(lacking)}"
    for name, hint in ((name, get_type_hints(cls)[name]) for name in defaults):
        if name == "name" or hasattr(SampleMetric, name) or hasattr(TallyMetric, name):
            return f"{name}: expected a class attribute, a ClassVar, found a parameter"
        if not can_be_read(hint):
            return (
                f"{name}: expected int, float, bool, str, a Literal, None, or a choice of these, found {hint}"
            )
        if not isinstance(defaults[name], (int, float, str, type(None))):
            return f"{name}: expected a default that is a number, text, true, false or None, found {defaults[name]!r}"
    return ""


def fault_of_values(metric: SampleMetric[Any], values: SampleValues, chunk: Chunk) -> str:
    """What is wrong with the values that a metric gives for a chunk; empty where nothing is."""
    count = len(chunk) if values.sample is None else len(values.sample)
    kind = "int64" if metric.counts else "float64"
    by_mac = [[count, layer.num_macs] for layer in chunk.layout.layers]
    by_layer = [[count] for _ in by_mac] if metric.has_layer_values else []
    for name in metric.extra:
        found = list(values.extra[name].shape) if name in values.extra else "none"
        if found != [count]:
            return f"{name}: expected [{count}], found {found}"
    return _unlike("values", values.values, kind, by_mac) or _unlike(
        "layer_values", values.layer_values or (), kind, by_layer
    )


def promises_to_stay(metric: Metric[Any], notes: Mapping[str, Any]) -> bool:
    """Whether a metric says of its own `values`, and not of those of a class that it inherits from, that they stay."""
    if not isinstance(metric, SampleMetric):
        return False
    owner = next(cls for cls in type(metric).__mro__ if vars(cls).keys() & {"values", "values_stay"})
    return "values_stay" in vars(owner) and metric.values_stay(notes)


def _unlike(what: str, arrays: Sequence[NDArray[Any]], kind: str, shapes: Sequence[list[int]]) -> str:
    expected = [f"{kind} {shape}" for shape in shapes]
    found = [f"{_kind(array.dtype, kind)} {list(array.shape)}" for array in arrays]
    if found == expected:
        return ""
    return f"{what}: expected {' and '.join(expected) or 'none'}, found {' and '.join(found) or 'none'}"


def _kind(dtype: np.dtype[Any], kind: str) -> str:
    """The dtype's name; `kind` where it is a smaller one of the same."""
    return kind if dtype.kind == kind[0] and dtype.itemsize <= 8 else str(dtype)
