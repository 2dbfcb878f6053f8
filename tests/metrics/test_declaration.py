"""A class that can't work as a metric is found out before it runs, and text becomes parameters."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Optional

import pytest

from sparsey_trace.errors import UsageError
from sparsey_trace.metrics import RunMetric, SampleMetric, SampleValues
from sparsey_trace.metrics.declaration import fault_of
from sparsey_trace.metrics.parameters import read_parameter
from sparsey_trace.metrics.registry import BUILT_IN

VALUES_OF_NOTHING = {"name": "thing", "values": lambda self, chunk, layout, context: SampleValues(values=[])}


def a_class(kind: type = SampleMetric, /, **attributes: Any) -> type:
    """A frozen dataclass called Thing; attributes given as (type, default) are parameters."""
    parameters = {name: given for name, given in attributes.items() if isinstance(given, Parameter)}
    plain = {name: given for name, given in attributes.items() if name not in parameters}
    hints = {name: given.hint for name, given in parameters.items()}
    defaults = {name: given.default for name, given in parameters.items()}
    return dataclass(frozen=True)(
        type("Thing", (kind,), {**VALUES_OF_NOTHING, **plain, **defaults, "__annotations__": hints})
    )


@dataclass
class Parameter:
    hint: Any
    default: Any


@pytest.mark.parametrize("metric", BUILT_IN)
def test_ours_are_sound(metric: type) -> None:
    assert fault_of(metric, taken=()) == ""


def test_every_kind_of_parameter_is_sound() -> None:
    found = a_class(
        size=Parameter(Optional[int], None),  # noqa: UP045 - as others may write it
        share=Parameter(float, 0.5),
        how=Parameter(Literal["a", "b"] | None, "a"),
        plain=Parameter(str, ""),
        sure=Parameter("bool", default=False),
    )
    assert fault_of(found, taken=()) == ""


@pytest.mark.parametrize(
    ("attributes", "fault"),
    [
        ({"name": "Thing"}, "name: expected lower-case letters, digits and _, found 'Thing'"),
        ({"name": 5}, "name: expected lower-case letters, digits and _, found 5"),
        ({"name": "taken"}, "name: expected one that no other metric has, found 'taken'"),
        (
            {"name": "feature_coverage_layer"},
            "name: expected one that doesn't end like tables of whole layers, in _layer, found "
            "'feature_coverage_layer'",
        ),
        ({"values": SampleMetric.values}, "expected a method values, found none"),
        ({"best": "biggest"}, "best: expected lowest or highest, found 'biggest'"),
        ({"over_samples": "median"}, "over_samples: expected mean or sum or last, found 'median'"),
        (
            {"requires": "codes"},
            "requires: expected a set or tuple of active, codes, inputs, values, found 'codes'",
        ),
        (
            {"values_require": {"x"}},
            "values_require: expected a set or tuple of active, codes, inputs, values, found {'x'}",
        ),
        ({"values_phases": ("eval",)}, "values_phases: expected a set or tuple of 0, 1, found ('eval',)"),
        ({"extra": {"step": "int64"}}, "extra: expected names that other columns don't have, found 'step'"),
        (
            {"extra": {"metric": "int64"}},
            "extra: expected names that other columns don't have, found 'metric'",
        ),
        (
            {"name": Parameter(str, "thing")},
            "name: expected a class attribute, a ClassVar, found a parameter",
        ),
        (
            {"best": Parameter(str, "lowest")},
            "best: expected a class attribute, a ClassVar, found a parameter",
        ),
        (
            {"sizes": Parameter(list[int], None)},
            "sizes: expected int, float, bool, str, a Literal, None, or a choice of these, found list[int]",
        ),
        (
            {"size": Parameter(int, b"5")},
            "size: expected a default that is a number, text, true, false or None, found b'5'",
        ),
    ],
    # Without the addresses of functions: every process has to collect the same names.
    ids=lambda given: re.sub(r" at 0x\w+", "", str(given)),
)
def test_what_is_wrong_is_named(attributes: dict[str, Any], fault: str) -> None:
    assert fault_of(a_class(**attributes), taken=["taken"]) == f"Thing: {fault}"


def test_a_run_metric_without_a_fold_is_none() -> None:
    found = a_class(RunMetric, finalize=lambda self, state, layout: None)
    assert fault_of(found, taken=()) == "Thing: expected a method update, found none"


def test_one_that_cannot_be_made_raises_what_it_raises() -> None:
    @dataclass(frozen=True)
    class Picky(SampleMetric[None]):
        name: ClassVar[str] = "picky"

        def __post_init__(self) -> None:
            msg = "never"
            raise ValueError(msg)

        values = VALUES_OF_NOTHING["values"]

    with pytest.raises(ValueError, match="never"):
        fault_of(Picky, taken=())


@pytest.mark.parametrize(
    ("text", "hint", "value"),
    [
        ("3", int | None, 3),
        ("None", int | None, None),
        ("3", Optional[int], 3),  # noqa: UP045
        ("3", float, 3.0),
        ("2.5", int | float, 2.5),
        ("x", int | str, "x"),
        ("none", str, "none"),
        ("b", Literal["a", "b"], "b"),
        ("2", Literal[1, 2], 2),
        ("False", bool, False),
    ],
)
def test_text_becomes_a_value(text: str, hint: Any, value: Any) -> None:
    found = read_parameter(text, hint, "thing: x")
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "hint", "expected"),
    [
        ("x", int | None, "a number"),
        ("2.5", int, "a number"),
        ("1", bool, "true or false"),
        ("c", Literal["a", "b"], "one of a, b"),
    ],
)
def test_text_that_stands_for_nothing_is_refused(text: str, hint: Any, expected: str) -> None:
    with pytest.raises(UsageError, match=f"^thing: x: expected {expected}, found '{text}'$"):
        read_parameter(text, hint, "thing: x")
