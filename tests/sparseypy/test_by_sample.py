"""Values of samples, and what they come to for a step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch

from sparsey_trace.sparseypy import (
    FeatureCoverageMetric,
    LayerIOHook,
    MatchAccuracyMetric,
    Metric,
    NumActivationsMetric,
    SiscAdherenceMetric,
)
from tests.sparseypy.standins.replay import final, spring
from tests.sparseypy.watched import KINDS, LOWEST, RUN, shown, sizes

if TYPE_CHECKING:
    from collections.abc import Callable

    from sparsey_trace.chunk import Chunk
    from tests.sparseypy.standins.build import StandIn


@KINDS
@pytest.mark.parametrize("cls", [*LOWEST, FeatureCoverageMetric, SiscAdherenceMetric])
def test_a_list_for_each_layer_with_a_value_for_each_mac(
    kind: Callable[[Chunk], StandIn], cls: type[Metric]
) -> None:
    model = kind(RUN)
    metric: Any = cls(model)
    shown(model, metric, steps=5)
    number = int if cls in LOWEST else float
    assert sizes(metric.by_mac) == [[number] * macs for macs in (12, 6, 2)]
    assert sizes(metric.by_layer) == ([float] * 3 if cls is FeatureCoverageMetric else type(None))
    assert [values.shape for values in metric.sample_values.values] == [(1, 12), (1, 6), (1, 2)]


@KINDS
def test_before_the_first_step_and_without_a_value_there_is_none(kind: Callable[[Chunk], StandIn]) -> None:
    model = kind(RUN)
    metric = MatchAccuracyMetric(model)
    assert (metric.sample_values, metric.by_mac, metric.by_layer) == (None, [[], [], []], None)
    shown(model, metric, steps=2)
    assert (metric.sample_values, metric.by_mac, metric.by_layer) == (None, [[], [], []], None)


@KINDS
def test_activation_counts(kind: Callable[[Chunk], StandIn]) -> None:
    model = kind(RUN)
    metric, hook = NumActivationsMetric(model, "sum"), LayerIOHook(model)
    assert metric.num_activations is None
    total = shown(model, metric, steps=1)
    assert metric.num_activations == [active[0].astype(float).tolist() for active in RUN.active]
    assert float(total) == sum(map(sum, metric.num_activations))
    metric.initialize_activation_counts(hook.get_layer_io()[0])
    assert metric.num_activations == [[0.0] * 12, [0.0] * 6, [0.0] * 2]


def test_normalized_hamming_distance_is_the_share_of_cells_that_agree() -> None:
    metric = MatchAccuracyMetric(final(RUN))
    first = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    second = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    assert metric.get_normalized_hamming_distance(first, first) == 1.0
    assert metric.get_normalized_hamming_distance(first, second) == torch.tensor(4 / 6).item()
    assert metric.get_normalized_hamming_distance(first, torch.zeros(2, 3)) == torch.tensor(4 / 6).item()
    assert metric.get_normalized_hamming_distance(stored_code=first, selected_code=first + 9e-6) == 1.0
    assert metric.get_normalized_hamming_distance(first, first + 2e-5) == 0.0
    assert metric.get_normalized_hamming_distance(first.int(), first.bool()) == 1.0


def test_a_spring_value_is_of_the_step_and_a_final_one_of_its_samples() -> None:
    step = RUN[:3]
    for kind in (spring, final):
        model = kind(step)
        metric = NumActivationsMetric(model)
        batch = (
            torch.from_numpy(step.inputs).float().reshape(3, *next(model.children()).prev_layer_output_shape)
        )
        model(batch)
        value = metric.compute(model, batch, None)
        layers = value.unbind() if kind is final else map(torch.tensor, value)
        for found, active in zip(layers, step.active, strict=True):
            assert torch.equal(
                found, torch.from_numpy(active if kind is final else active.sum(axis=0)).float()
            )
