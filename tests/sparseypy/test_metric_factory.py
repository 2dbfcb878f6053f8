"""Everything by its name in configuration files."""

from __future__ import annotations

import re
from typing import Any

import pytest

from sparsey_trace import sparseypy
from sparsey_trace.errors import SparseyTraceError
from sparsey_trace.metrics.registry import BUILT_IN
from sparsey_trace.sparseypy import MetricFactory, comparisons
from tests.golden_runs import load_golden
from tests.sparseypy.standins.replay import final

NAMES = {cls.name for cls in BUILT_IN} - {
    "basis_set",
    "code_usage",
    "label_information",
    "layer_value",
    "sisc_curve",
}  # of which the original knows nothing
ALL = ", ".join(sorted(NAMES))


def test_every_metric_has_a_class_and_every_class_a_name() -> None:
    assert MetricFactory.allowed_metrics == NAMES
    for name in NAMES:
        cls = MetricFactory.get_metric_class(name)
        assert cls.__name__ == "".join(map(str.capitalize, name.split("_"))) + "Metric"
        assert getattr(sparseypy, cls.__name__) is cls
        assert issubclass(cls, sparseypy.Metric)
        assert MetricFactory.is_valid_metric_class(name)
        assert {name, cls.__name__} <= MetricFactory.allowed_modules


@pytest.mark.parametrize("name", ["accuracy", "", "BasisSetSize", "comparisons", None, 3])
def test_other_metrics_are_refused(name: Any) -> None:
    assert not MetricFactory.is_valid_metric_class(name)
    message = re.escape(f"Invalid metric name! expected one of {ALL}, found {name!r}")
    for refusing in (MetricFactory.get_metric_class, MetricFactory.create_metric):
        with pytest.raises(ValueError, match=message) as caught:
            refusing(name)
        assert isinstance(caught.value, SparseyTraceError)


def test_comparisons() -> None:
    assert MetricFactory.allowed_comparisons == set(comparisons.__all__)
    for name in comparisons.__all__:
        assert MetricFactory.get_comparison_function(name) is getattr(comparisons, name)
        assert MetricFactory.is_valid_comparision(name)
        assert MetricFactory.is_valid_comparison(name)
    assert not MetricFactory.is_valid_comparision("best")
    assert not MetricFactory.is_valid_comparison("best")
    message = (
        "Invalid comparison function name! expected one of average_nested_data, max_by_layerwise_mean, "
        "min_by_layerwise_mean, found 'best'"
    )
    with pytest.raises(ValueError, match=message):
        MetricFactory.get_comparison_function("best")


def test_classes_that_are_near_are_named() -> None:
    with pytest.raises(
        ValueError, match=r"found 'ExactMatchAccuracyMetric' \(did you mean MatchAccuracyMetric\?\)"
    ):
        MetricFactory.get_metric_class("ExactMatchAccuracyMetric")


def test_a_device_that_there_is_not_is_no_reduction() -> None:
    model = final(load_golden("final_mnist_rect")[0])
    with pytest.raises(ValueError, match="device: expected one of torch's, such as cpu or cuda, found 'gpu'"):
        MetricFactory.create_metric("match_accuracy", None, None, {}, model, "gpu")


def test_a_metric_is_made_from_what_a_configuration_file_says() -> None:
    model = final(load_golden("final_mnist_rect")[0])
    made = MetricFactory.create_metric(
        "sisc_adherence",
        model=model,
        device="cpu",
        reduction="layerwise_mean",
        best_value="min_by_layerwise_mean",
        approximation_batch_size=32,
    )
    assert type(made) is sparseypy.SiscAdherenceMetric
    assert made.reduction == "layerwise_mean"
    assert made.get_best_comparison_function() is comparisons.min_by_layerwise_mean
    assert made.definition.parameters["reference_size"] == 32
    with pytest.raises(ValueError, match="Invalid comparison function name!"):
        MetricFactory.create_metric("basis_set_size", model=model, best_value="least")


def test_the_final_version_s_six_arguments() -> None:
    model = final(load_golden("final_mnist_rect")[0])
    params = {"approximation_batch_size": 7}
    made = MetricFactory.create_metric(
        "match_accuracy", "mean", "min_by_layerwise_mean", params, model, "cpu"
    )
    assert type(made) is sparseypy.MatchAccuracyMetric
    assert (made.model, made.device.type, made.reduction) == (model, "cpu", "mean")
    assert made.best_comparison is comparisons.min_by_layerwise_mean
    assert made.definition.parameters["reference_size"] == 7
    assert params == {"approximation_batch_size": 7}
    for nothing in (None, "none"):
        made = MetricFactory.create_metric("match_accuracy", None, nothing, None, model, None)
        assert made.best_comparison is comparisons.max_by_layerwise_mean
    with pytest.raises(ValueError, match="Invalid comparison function name!"):
        MetricFactory.create_metric("match_accuracy", None, "best", {}, model, None)


def test_a_comparison_may_be_given_itself() -> None:
    model = final(load_golden("final_mnist_rect")[0])
    made = MetricFactory.create_metric("basis_set_size", model=model, best_value=max)
    assert made.get_best_comparison_function() is max
