"""How metrics are made, what shape their values have, and what they say when something is wrong."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from torch import nn

from sparsey_trace.errors import RecordError, UsageError
from sparsey_trace.sparseypy import (
    BasisAverageMetric,
    BasisSetSizeIncreaseMetric,
    BasisSetSizeMetric,
    FeatureCoverageMetric,
    LayerIOHook,
    MatchAccuracyMetric,
    Metric,
    MetricFactory,
    NumActivationsMetric,
    SiscAdherenceMetric,
)
from sparsey_trace.sparseypy.comparisons import max_by_layerwise_mean, min_by_layerwise_mean
from tests.golden_runs import load_golden
from tests.sparseypy.standins import StandIn, final, spring, steps_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from sparsey_trace.chunk import Chunk

RUN, _ = load_golden("spring_digits_silent")
SHAPE = (8, 8, 1, 1)
CPU = torch.device("cpu")
KINDS = pytest.mark.parametrize("kind", [spring, final])
LOWEST = (BasisSetSizeMetric, BasisSetSizeIncreaseMetric, NumActivationsMetric)
HIGHEST = (BasisAverageMetric, FeatureCoverageMetric, MatchAccuracyMetric, SiscAdherenceMetric)


def shown(model: StandIn, metric: Metric, *, steps: int) -> Any:
    """The value after so many steps."""
    value = None
    for batch, training, _ in list(steps_of(RUN, SHAPE))[:steps]:
        value = metric.compute(model, batch, model(batch), training)
    return value


def sizes(values: Any) -> Any:
    return [sizes(value) for value in values] if isinstance(values, list) else type(values)


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


@KINDS
@pytest.mark.parametrize("cls", [*LOWEST, FeatureCoverageMetric, SiscAdherenceMetric])
def test_a_list_for_each_layer_with_a_value_for_each_mac(
    kind: Callable[[Chunk], StandIn], cls: type[Metric]
) -> None:
    model = kind(RUN)
    value = shown(model, cls(model), steps=5)
    number = int if cls in LOWEST else float
    assert sizes(value) == [[number] * macs for macs in (12, 6, 2)]


def test_shapes_under_reductions() -> None:
    for reduction, expected in {
        "layerwise_mean": [float] * 3,
        "layerwise_sum": [int] * 3,
        "mean": float,
        "sum": int,
        "highest_layer": [int] * 2,
        "highest_layer_mean": float,
    }.items():
        model = spring(RUN)
        assert sizes(shown(model, BasisSetSizeMetric(model, reduction), steps=3)) == expected


def test_reduced_values() -> None:
    model = spring(RUN)
    plain, total = NumActivationsMetric(model), NumActivationsMetric(model, "sum")
    layerwise, mean = NumActivationsMetric(model, "layerwise_mean"), NumActivationsMetric(model, "mean")
    batch, training, _ = next(steps_of(RUN, SHAPE))
    model(batch)
    counts, summed, means, mean_of_means = (
        metric.compute(model, batch, None, training) for metric in (plain, total, layerwise, mean)
    )
    assert summed == sum(map(sum, counts)) > 0
    assert means == [np.float32(np.mean(layer)) for layer in counts]
    assert mean_of_means == pytest.approx(np.mean(means))


@pytest.mark.parametrize(
    ("reduction", "expected"), [(None, [[], [], []]), ("layerwise_sum", []), ("mean", None)]
)
def test_match_accuracy_has_no_value_in_training(reduction: str | None, expected: Any) -> None:
    model = spring(RUN)
    metric = MatchAccuracyMetric(model, reduction)
    assert shown(model, metric, steps=2) == expected
    assert metric.sample_values is None


@KINDS
def test_basis_averages_have_the_input_s_shape_or_that_of_the_field(kind: Callable[[Chunk], StandIn]) -> None:
    model = kind(RUN)
    dense, sparse = BasisAverageMetric(model), BasisAverageMetric(model, "sparse")
    batch, _, _ = next(steps_of(RUN, SHAPE))
    model(batch)
    pictures, parts = (metric.compute(model, batch, None) for metric in (dense, sparse))
    assert [len(layer) for layer in pictures] == [len(layer) for layer in parts] == [12, 6, 2]
    assert dense.projected_rfs is not None
    for images, insides, fields in zip(pictures, parts, dense.projected_rfs, strict=True):
        for image, inside, field in zip(images, insides, fields, strict=True):
            assert image.dtype == inside.dtype == torch.float32
            assert image.shape == field.shape == SHAPE
            assert torch.equal(image[field], inside)
            assert not image[~field].any()


@KINDS
def test_projected_receptive_fields(kind: Callable[[Chunk], StandIn]) -> None:
    model = kind(RUN)
    metric, hook = BasisAverageMetric(model), LayerIOHook(model)
    assert metric.projected_rfs is None
    model(torch.zeros(1, *SHAPE))
    layers, _, _ = hook.get_layer_io()
    fields = metric.get_projected_receptive_fields(layers, 64)
    for index, layer in enumerate(RUN.layout.layers):
        for mac, row in enumerate(layer.connections):
            heard = row[row >= 0].tolist()
            expected = (
                torch.isin(torch.arange(64), torch.tensor(heard))
                if index == 0
                else torch.stack([fields[index - 1][source] for source in heard]).any(dim=0)
            )
            assert torch.equal(fields[index][mac], expected)
    shaped = metric.get_projected_receptive_fields(layers, (8, 8))
    assert torch.equal(shaped[2][1].flatten(), fields[2][1])


@KINDS
def test_initialize_shapes_begins_anew(kind: Callable[[Chunk], StandIn]) -> None:
    model = kind(RUN)
    metric, hook = BasisAverageMetric(model), LayerIOHook(model)
    shown(model, metric, steps=4)
    layers, _, _ = hook.get_layer_io()
    batch = list(steps_of(RUN, SHAPE))[4][0]
    metric.initialize_shapes(layers, batch)
    assert metric.expected_input_shape == SHAPE
    model(batch)
    value = metric.compute(model, batch, None)
    active = RUN.active[0][4].tolist()
    fields = metric.projected_rfs
    assert any(active)
    for picture, field, is_active in zip(value[0], fields[0], active, strict=True):
        assert torch.equal(picture, batch[0] * field * is_active)


@KINDS
def test_activation_counts(kind: Callable[[Chunk], StandIn]) -> None:
    model = kind(RUN)
    metric, hook = NumActivationsMetric(model, "sum"), LayerIOHook(model)
    assert metric.num_activations is None
    total = shown(model, metric, steps=1)
    assert metric.num_activations == [active[0].astype(int).tolist() for active in RUN.active]
    assert total == sum(map(sum, metric.num_activations))
    metric.initialize_activation_counts(hook.get_layer_io()[0])
    assert metric.num_activations == [[0] * 12, [0] * 6, [0] * 2]


def test_normalized_hamming_distance_is_the_share_of_cells_that_agree() -> None:
    metric = MatchAccuracyMetric(final(RUN))
    first = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    second = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    assert metric.get_normalized_hamming_distance(first, first) == 1.0
    assert metric.get_normalized_hamming_distance(first, second) == pytest.approx(4 / 6)
    assert metric.get_normalized_hamming_distance(first, torch.zeros(2, 3)) == pytest.approx(4 / 6)


def test_a_removed_hook_ends_the_watching() -> None:
    model = final(RUN)
    metric = BasisSetSizeMetric(model)
    shown(model, metric, steps=1)
    metric.hook.remove()
    model(torch.zeros(1, *SHAPE))
    with pytest.raises(
        RecordError, match="StandIn: step 1: expected a forward pass of the model before, found none"
    ):
        metric.compute(model, torch.zeros(1, *SHAPE), None)


def test_a_model_without_layers_is_refused_and_left_as_it_was() -> None:
    model = nn.Sequential(nn.Linear(2, 2))
    with pytest.raises(RecordError, match="Sequential: expected layers with"):
        BasisSetSizeMetric(model)
    assert not model._forward_pre_hooks


@KINDS
@pytest.mark.parametrize("shape", [(2, *SHAPE), (1, 9)])
def test_another_batch_than_the_model_s_is_refused(
    kind: Callable[[Chunk], StandIn], shape: tuple[int, ...]
) -> None:
    model = kind(RUN)
    metric = BasisSetSizeMetric(model)
    shown(model, metric, steps=1)
    model(torch.zeros(1, *SHAPE))
    message = (
        "StandIn: step 1: last_batch: expected the input of the pass before, 1 samples of 64 features, "
        f"found shape {list(shape)}"
    )
    with pytest.raises(RecordError, match=re.escape(message)):
        metric.compute(model, torch.zeros(shape), None)


def test_real_values_after_zeros_and_ones_are_refused() -> None:
    model = final(RUN)
    metric = BasisAverageMetric(model)
    shown(model, metric, steps=1)
    batch = torch.full((1, *SHAPE), 0.5)
    model(batch)
    message = "StandIn: step 1: last_batch: expected zeros and ones, as in the first step, found other values; begin"
    with pytest.raises(RecordError, match=message):
        metric.compute(model, batch, None)


def test_a_layer_that_did_not_run_is_missed() -> None:
    model = final(RUN)
    metric = BasisSetSizeMetric(model)
    model.children = lambda: iter(list(nn.Module.children(model))[:2])
    model(torch.zeros(1, *SHAPE))
    with pytest.raises(RecordError, match="expected all 3 layers in the pass before, found 2"):
        metric.compute(model, torch.zeros(1, *SHAPE), None)


def test_a_mac_that_did_not_run_is_missed() -> None:
    model = spring(RUN)
    metric = BasisSetSizeMetric(model)
    mac = model.Layer_1.mac_list[2]
    mac.forward, handed_on = None, model.Layer_1.mac_list[3]
    model.Layer_1.forward = lambda x: torch.stack(
        [(handed_on if part is mac else part)(x[:, part.input_filter]) for part in model.Layer_1.mac_list],
        dim=1,
    )
    model(torch.zeros(1, *SHAPE))
    with pytest.raises(RecordError, match="step 0: Layer_1: expected all 6 MACs in the pass before, found 5"):
        metric.compute(model, torch.zeros(1, *SHAPE), None)


@KINDS
def test_a_batch_without_samples_is_no_step(kind: Callable[[Chunk], StandIn]) -> None:
    model = kind(RUN)
    metric = BasisSetSizeMetric(model)
    model(torch.zeros(0, *SHAPE))
    with pytest.raises(RecordError, match="step 0: last_batch: expected at least one sample, found none"):
        metric.compute(model, torch.zeros(0, *SHAPE), None)
