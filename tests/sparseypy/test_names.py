"""The mission's page, name by name: every class, method, attribute, argument, default and return is here.

Calls that were observed are compared with the observations, of both generations; of the rest the tables here say what
there is.
"""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import torch
from torch import nn

from sparsey_trace import sparseypy
from sparsey_trace.sparseypy import Metric, MetricFactory, comparisons
from tests.sparseypy.observed import GENERATIONS, observed
from tests.sparseypy.standins.build import sample_shape
from tests.sparseypy.test_standins import computing

if TYPE_CHECKING:
    from collections.abc import Callable

CPU = torch.device("cpu")


class Call(NamedTuple):
    """A call that was observed.

    Attributes:
        arguments: their names, in order.
        defaults: of those that have one, as they print.
    """

    arguments: list[str]
    defaults: dict[str, str]

    @classmethod
    def read(cls, signature: str) -> Call:
        """From an observation, as `(self, a: int, b: str = 'x') -> None`."""
        inside = signature.partition(") ->")[0].strip("()")
        found = re.findall(r"(\*{0,2}\w+)(?:: [\w.\[\]]+)?(?: = (<[^>]*>|[^,]+))?(?:, |$)", inside)
        arguments = [name for name, _ in found if name != "self"]
        return cls(arguments, {name: default for name, default in found if default})


CONSTRUCTORS = [
    (generation, metric, Call.read(seen["constructor"]))
    for generation in GENERATIONS
    for metric, seen in observed(generation)["compute returns"].items()
]
METHODS = [
    (owner, name, Call.read(signature))
    for generation in GENERATIONS
    for owner, group in ((Metric, "metric base"), (MetricFactory, "factory"))
    for name, signature in observed(generation)[group].items()
    if isinstance(signature, str)
]


def test_observed_calls_are_read_whole() -> None:
    assert Call.read(
        "(self, model: torch.nn.modules.module.Module, best_value: Optional[Callable] = "
        "<function max_by_layerwise_mean>, approximation_batch_size: Optional[int] = 64) -> None"
    ) == Call(
        ["model", "best_value", "approximation_batch_size"],
        {"best_value": "<function max_by_layerwise_mean>", "approximation_batch_size": "64"},
    )


@pytest.mark.parametrize(("generation", "metric", "call"), CONSTRUCTORS, ids=str)
def test_metrics_are_made_by_the_same_calls(generation: str, metric: str, call: Call) -> None:
    cls, model = MetricFactory.get_metric_class(metric), nn.Sequential()
    values: dict[str, Any] = {
        "model": model,
        "device": CPU,
        "reduction": "none" if metric == "num_activations" else None,
        "best_value": max,
        "approximation_batch_size": 9,
    }
    given = {name: values[name] for name in call.arguments}
    for made in (cls(*given.values()), cls(**given)):
        assert (made.generation, made.model, made.device) == (generation, model, CPU)
        assert (made.reduction, made.get_best_comparison_function()) == (given["reduction"], max)
        assert made.definition.parameters.get("reference_size") == given.get("approximation_batch_size")
    needed = {name: value for name, value in given.items() if name not in call.defaults}
    of_itself = cls(**needed)
    best = of_itself.get_best_comparison_function()
    assert call.defaults["best_value"] == f"<function {best.__name__}>"
    assert call.defaults["reduction"] == str(of_itself.reduction)
    size = of_itself.definition.parameters.get("reference_size")
    assert call.defaults.get("approximation_batch_size", "None") == str(size)


@pytest.mark.parametrize(("owner", "name", "call"), METHODS, ids=str)
def test_methods_take_the_same_calls(owner: type, name: str, call: Call) -> None:
    signature = inspect.signature(getattr(owner, name))
    own = [argument for argument in signature.parameters if argument != "self"]
    named = [argument for argument in call.arguments if not argument.startswith("*")]
    assert own[: len(named)] == named
    for argument, default in call.defaults.items():
        assert str(signature.parameters[argument].default) == default
    if "**kwargs" in call.arguments:
        assert signature.parameters["kwargs"].kind is inspect.Parameter.VAR_KEYWORD


@pytest.mark.parametrize("generation", GENERATIONS)
def test_the_factory_s_sets_hold_what_was_observed(generation: str) -> None:
    for name in ("allowed_modules", "allowed_comparisons"):
        allowed = getattr(MetricFactory, name)
        assert type(allowed) is set
        assert allowed >= set(observed(generation)["factory"][name])


def test_the_sets_hold_nothing_else() -> None:
    seen = [set(observed(generation)["factory"]["allowed_modules"]) for generation in GENERATIONS]
    assert MetricFactory.allowed_modules == set.union(*seen)


def test_every_module_has_its_class() -> None:
    for name in filter(str.islower, MetricFactory.allowed_modules):
        module = import_module(f"sparsey_trace.sparseypy.{name}")
        if name in MetricFactory.allowed_metrics:
            cls = MetricFactory.get_metric_class(name)
            assert getattr(module, cls.__name__) is getattr(sparseypy, cls.__name__) is cls
            assert cls.__module__ == module.__name__
    for module, names in {
        "metrics": "Metric",
        "metric_factory": "MetricFactory",
        "comparisons": "average_nested_data max_by_layerwise_mean min_by_layerwise_mean",
        "hook": "Hook",
        "hooks": "Hook HookFactory LayerIOHook",
        "layer_io": "LayerIOHook",
        "hook_factory": "HookFactory",
        "inputs_and_codes_metric": "InputsAndCodesMetric",
    }.items():
        found = import_module(f"sparsey_trace.sparseypy.{module}")
        assert [name for name in names.split() if not hasattr(found, name)] == []


OF_ALL = [
    ("compute", "self, m, last_batch, labels, training=True"),
    ("get_name", "self"),
    ("get_best_comparison_function", "self"),
]
"""The methods that every metric has, and their arguments."""

CLASSES = [MetricFactory.get_metric_class(name).__name__ for name in sorted(MetricFactory.allowed_metrics)]
PAGE: list[tuple[str, str, str]] = [
    *((cls, name, arguments) for cls in ("Metric", *CLASSES) for name, arguments in OF_ALL),
    ("Metric", "__init__", "self, model, name, best_comparison, device=None, reduction=None"),
    ("Metric", "reduce_metric_values", "self, raw_values"),
    ("BasisAverageMetric", "get_projected_receptive_fields", "self, layers, input_shape"),
    ("BasisAverageMetric", "initialize_shapes", "self, layers, last_batch"),
    ("MatchAccuracyMetric", "get_normalized_hamming_distance", "self, stored_code, selected_code"),
    ("NumActivationsMetric", "initialize_activation_counts", "self, layers"),
    ("LayerIOHook", "__init__", "self, module, flatten=False"),
    ("LayerIOHook", "hook", "self"),
    ("LayerIOHook", "pre_hook", "self, module, input"),
    ("LayerIOHook", "forward_hook", "self, module, input, output"),
    ("LayerIOHook", "get_layer_io", "self"),
    ("LayerIOHook", "remove", "self"),
    ("HookFactory", "create_hook", "hook_name, model"),
    ("comparisons", "average_nested_data", "data"),
    ("comparisons", "max_by_layerwise_mean", "x, y"),
    ("comparisons", "min_by_layerwise_mean", "x, y"),
]
"""A class (or the module), a method of it, and its arguments with their defaults."""


@pytest.mark.parametrize(("owner", "name", "arguments"), PAGE, ids=str)
def test_every_call_on_the_page_has_its_arguments(owner: str, name: str, arguments: str) -> None:
    signature = inspect.signature(getattr(getattr(sparseypy, owner), name))
    found = [
        argument.name + ("" if argument.default is argument.empty else f"={argument.default}")
        for argument in signature.parameters.values()
    ]
    assert ", ".join(found) == arguments


ATTRIBUTES: list[tuple[str, str, type]] = [
    *(
        (cls, name, kind)
        for cls in CLASSES
        for name, kind in {
            "model": nn.Module,
            "name": str,
            "device": torch.device,
            "reduction": type(None),
            "hook": sparseypy.LayerIOHook,
            "generation": str,
        }.items()
    ),
    ("BasisAverageMetric", "expected_input_shape", tuple),
    ("BasisAverageMetric", "projected_rfs", list),
    ("BasisAverageMetric", "summed_inputs", list),
    ("BasisAverageMetric", "num_inputs_seen", list),
    ("NumActivationsMetric", "num_activations", list),
]
"""A metric, an attribute of it after a step, and what that is."""

RETURNS: list[tuple[str, Callable[[Any], Any], type]] = [
    *((cls, lambda metric: metric.get_name(), str) for cls in CLASSES),
    *((cls, lambda metric: metric.best_comparison([2.0], [1.0]), bool) for cls in CLASSES),
    *((cls, lambda metric: metric.hook.get_layer_io(), tuple) for cls in CLASSES),
    (
        "MatchAccuracyMetric",
        lambda it: it.get_normalized_hamming_distance(torch.ones(2), torch.ones(2)),
        float,
    ),
    ("BasisAverageMetric", lambda it: it.get_projected_receptive_fields(it.hook.get_layer_io()[0], 64), list),
    (
        "BasisAverageMetric",
        lambda it: it.initialize_shapes(it.hook.get_layer_io()[0], torch.ones(1, 64)),
        type(None),
    ),
    (
        "NumActivationsMetric",
        lambda it: it.initialize_activation_counts(it.hook.get_layer_io()[0]),
        type(None),
    ),
]
"""A metric after a step, a call of it, and what it returns; what `compute` does is in test_returns.py."""


@pytest.mark.parametrize("generation", GENERATIONS)
def test_every_attribute_and_return_on_the_page(generation: str) -> None:
    model = computing(generation)
    metrics = {cls: getattr(sparseypy, cls)(model, generation=generation) for cls in CLASSES}
    batch = torch.ones(2, *sample_shape(model))
    model(batch)
    for metric in metrics.values():
        metric.compute(model, batch, None, training=True)
    for cls, name, kind in ATTRIBUTES:
        assert isinstance(getattr(metrics[cls], name), kind), (cls, name)
    for cls, call, kind in RETURNS:
        assert type(call(metrics[cls])) is kind, (cls, kind)


def test_what_the_factory_returns() -> None:
    assert MetricFactory.is_valid_metric_class("basis_set_size") is True
    assert MetricFactory.is_valid_comparision("best") is False
    assert MetricFactory.get_comparison_function("min_by_layerwise_mean") is comparisons.min_by_layerwise_mean
    assert isinstance(MetricFactory.create_metric("basis_set_size", model=nn.Sequential()), Metric)
    assert issubclass(MetricFactory.get_metric_class("basis_set_size"), Metric)
