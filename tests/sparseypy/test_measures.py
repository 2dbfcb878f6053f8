"""The metrics whose values are numbers."""

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
    value = shown(model, cls(model), steps=5)
    number = int if cls in LOWEST else float
    assert sizes(value) == [[number] * macs for macs in (12, 6, 2)]


@pytest.mark.parametrize(
    ("reduction", "expected"), [(None, [[], [], []]), ("layerwise_sum", []), ("mean", None)]
)
def test_match_accuracy_has_no_value_in_training(reduction: str | None, expected: Any) -> None:
    model = spring(RUN)
    metric = MatchAccuracyMetric(model, reduction)
    assert shown(model, metric, steps=2) == expected
    assert metric.sample_values is None


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
