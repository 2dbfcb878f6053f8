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
        (("none",), None, None),
        (("mean",), "mean", None),
        (("sum", max_by_layerwise_mean), "sum", max_by_layerwise_mean),
        ((None, max_by_layerwise_mean), None, max_by_layerwise_mean),
        ((CPU,), None, None),
        (("cpu",), None, None),
        ((CPU, "sum"), "sum", None),
        ((None, "sum"), "sum", None),
        (("cpu", "none"), None, None),
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
    assert SiscAdherenceMetric(model).definition.parameters == {"reference_size": None, "seed": 0}


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
            {"reduction": "sparse"},
            "basis_set_size: reduction: expected none, layerwise_mean, layerwise_sum, mean, sum, highest_layer, "
            "highest_layer_mean, found 'sparse'",
        ),
        (
            BasisAverageMetric,
            {"reduction": "mean"},
            "basis_average: reduction: expected none, sparse, found 'mean'",
        ),
        (BasisSetSizeMetric, {"device": "median"}, "reduction: expected one of none, layerwise_mean, "),
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


def test_a_model_without_layers_is_refused_and_left_as_it_was() -> None:
    model = nn.Sequential(nn.Linear(2, 2))
    with pytest.raises(RecordError, match="Sequential: expected layers with"):
        BasisSetSizeMetric(model)
    assert not model._forward_pre_hooks
