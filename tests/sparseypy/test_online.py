"""How the original's metrics are made, and how they end."""

from __future__ import annotations

import re
from typing import Any

import pytest
import torch
from torch import nn

from sparsey_trace.errors import RecordError, UsageError
from sparsey_trace.sparseypy import (
    BasisAverageMetric,
    BasisSetSizeMetric,
    FeatureCoverageMetric,
    MatchAccuracyMetric,
    Metric,
    MetricFactory,
    NumActivationsMetric,
    SiscAdherenceMetric,
)
from sparsey_trace.sparseypy.comparisons import max_by_layerwise_mean, min_by_layerwise_mean
from tests.sparseypy.standins.replay import final, spring
from tests.sparseypy.watched import LOWEST, RUN, blank, shown

CPU = torch.device("cpu")


HIGHEST = (BasisAverageMetric, FeatureCoverageMetric, MatchAccuracyMetric, SiscAdherenceMetric)


@pytest.mark.parametrize(
    ("arguments", "reduction", "best"),
    [
        ((), None, None),
        ((None,), None, None),
        (("none",), "none", None),
        (("mean",), "mean", None),
        (("sum", max_by_layerwise_mean), "sum", max_by_layerwise_mean),
        ((None, max_by_layerwise_mean), None, max_by_layerwise_mean),
        ((CPU,), None, None),
        (("cpu",), None, None),
        ((CPU, "sum"), "sum", None),
        ((None, "sum"), "sum", None),
        (("cpu", "none"), "none", None),
        ((CPU, "mean", max_by_layerwise_mean), "mean", max_by_layerwise_mean),
        ((CPU, None, max_by_layerwise_mean), None, max_by_layerwise_mean),
        ((None, None, max_by_layerwise_mean), None, max_by_layerwise_mean),
    ],
)
def test_made_as_in_either_version(arguments: tuple[Any, ...], reduction: str | None, best: Any) -> None:
    made = BasisSetSizeMetric(spring(RUN), *arguments)
    assert (made.reduction, made.device) == (reduction, CPU)
    assert made.get_best_comparison_function() is (best or min_by_layerwise_mean)


def test_made_by_names_of_arguments() -> None:
    model = final(RUN)
    made = MatchAccuracyMetric(
        model=model, device=CPU, reduction="sum", best_value=max, approximation_batch_size=64, seed=3
    )
    assert made.model is model
    assert (made.reduction, made.get_best_comparison_function()) == ("sum", max)
    assert made.definition.parameters["reference_size"] == 64
    assert made.definition.parameters["seed"] == 3
    assert MatchAccuracyMetric(model, CPU, None, max, 16).definition.parameters["reference_size"] == 16


def test_parameters_that_aren_t_given_are_the_generation_s() -> None:
    of_final = {"distance": "jaccard", "similarity": "jaccard", "repeated": "first", "reference_size": 64}
    of_spring = {
        "distance": "hamming",
        "similarity": "hamming",
        "repeated": "latest",
        "reference_size": None,
    }
    for kind, expected in ((final, of_final), (spring, of_spring)):
        model = kind(RUN)
        assert MatchAccuracyMetric(model).definition.parameters.items() >= expected.items()
        similar = SiscAdherenceMetric(model).definition.parameters
        assert (similar["reference_size"], similar["seed"]) == (expected["reference_size"], 0)
    all_of_them = MatchAccuracyMetric(final(RUN), approximation_batch_size=None)
    assert all_of_them.definition.parameters["reference_size"] is None
    assert MatchAccuracyMetric(final(RUN), distance="hamming").definition.parameters["distance"] == "hamming"


def test_the_generation_follows_from_the_model_and_can_be_said() -> None:
    for kind, other in ((spring, "final"), (final, "spring")):
        assert BasisSetSizeMetric(kind(RUN), CPU).generation == kind.__name__
        assert BasisSetSizeMetric(kind(RUN), generation=other).generation == other
        assert BasisSetSizeMetric(nn.Sequential(), generation=other).generation == other
    assert BasisSetSizeMetric(nn.Sequential()).generation == "spring"
    assert BasisSetSizeMetric(nn.Sequential(), CPU).generation == "final"
    model = final(RUN)
    assert shown(model, NumActivationsMetric(model, "sum", generation="spring"), steps=1) > 0


def test_a_reduction_that_does_nothing_is_warned_of() -> None:
    """And does what it does in the original."""
    cases: list[tuple[Any, type[Any], str, str]] = [
        (
            spring,
            BasisSetSizeMetric,
            "layerwise_mean",
            "basis_set_size: reduction: expected one of None, none, mean, sum, highest_layer, found 'layerwise_mean'; "
            "as in the spring generation of sparseypy, compute gives None: the metric has no such reduction",
        ),
        (spring, MatchAccuracyMetric, "highest_layer", "(did you mean highest_level?); as in the spring"),
        (spring, NumActivationsMetric, "median", "compute gives The mean over all MACs"),
        (
            final,
            NumActivationsMetric,
            "sparse",
            "as in the final generation of sparseypy, values are not reduced",
        ),
    ]
    for kind, cls, reduction, message in cases:
        with pytest.warns(UserWarning, match=re.escape(message)):
            assert cls(kind(RUN), reduction).reduction == reduction


def test_compute_before_any_forward_pass_is_refused() -> None:
    for kind in (spring, final):
        model = kind(RUN)
        model(blank(model))
        for cls in (*LOWEST, *HIGHEST):
            message = "Model: step 0: expected a forward pass of the model before, found none"
            with pytest.raises(RecordError, match=message):
                cls(model).compute(model, blank(model), None)


def test_tensors_are_put_on_the_device() -> None:
    """One without storage, so that it is another than the CPU."""
    model = spring(RUN)
    metric = FeatureCoverageMetric(model, torch.device("meta"), "highest_layer")
    assert shown(model, metric, steps=1).device == torch.device("meta")


def test_names_and_best_directions() -> None:
    model = final(RUN)
    for classes, best in ((LOWEST, min_by_layerwise_mean), (HIGHEST, max_by_layerwise_mean)):
        for cls in classes:
            made = cls(model)
            assert MetricFactory.get_metric_class(made.get_name()) is cls
            assert made.get_best_comparison_function() is best


@pytest.mark.parametrize(
    ("cls", "arguments", "message"),
    [
        (
            BasisSetSizeMetric,
            {"generation": "autumn"},
            "generation: expected one of spring, final, found 'autumn'",
        ),
        (
            SiscAdherenceMetric,
            {"approximation_batch_size": 0},
            "reference_size: expected a whole number of at least 1",
        ),
        (
            BasisSetSizeMetric,
            {"approximation_batch_size": 9},
            "parameter: expected one of none, found 'approximation_",
        ),
        (
            MatchAccuracyMetric,
            {"distance": "cosine"},
            "distance: expected one of hamming, jaccard, found 'cosine'",
        ),
    ],
)
def test_wrong_arguments(cls: type[Metric], arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        cls(spring(RUN), **arguments)
    assert isinstance(caught.value, UsageError)


def test_a_removed_hook_ends_the_watching() -> None:
    model = final(RUN)
    metric = BasisSetSizeMetric(model)
    shown(model, metric, steps=1)
    metric.hook.remove()
    model(blank(model))
    with pytest.raises(
        RecordError, match="Model: step 1: expected a forward pass of the model before, found none"
    ):
        metric.compute(model, blank(model), None)


def test_a_model_without_layers_is_refused_when_there_is_something_to_compute() -> None:
    model = nn.Sequential(nn.Linear(2, 2))
    metric = BasisSetSizeMetric(model)
    model(torch.zeros(1, 2))
    with pytest.raises(RecordError, match="Sequential: expected layers with"):
        metric.compute(model, torch.zeros(1, 2), None)
