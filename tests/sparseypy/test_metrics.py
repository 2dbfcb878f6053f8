"""People's own metrics, as they are written for either generation."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import nn

from sparsey_trace.sparseypy import LayerIOHook, Metric, MetricFactory, comparisons
from sparsey_trace.sparseypy.comparisons import max_by_layerwise_mean, min_by_layerwise_mean
from sparsey_trace.sparseypy.reductions import nested
from tests.sparseypy.observed import observed
from tests.sparseypy.standins import final, spring
from tests.sparseypy.standins.build import Part, build

if TYPE_CHECKING:
    from collections.abc import Iterator

PARTS = [Part((2, 3), 2, 4, 0.5), Part((1, 2), 3, 2, 0.8)]
CPU = torch.device("cpu")


class OnCellsMetric(Metric):
    """As for spring: how many cells each MAC has on, over the batch."""

    def __init__(
        self, model: nn.Module, reduction: Any = None, best_value: Any = min_by_layerwise_mean
    ) -> None:
        super().__init__(model, "on_cells", best_value)
        self.reduction = reduction
        self.hook = LayerIOHook(model)

    def compute(self, m: Any, last_batch: Any, labels: Any, training: bool = True) -> Any:  # noqa: FBT001, FBT002 - as in the original
        _, _, outputs = self.hook.get_layer_io()
        counts = [[int(mac.sum()) for mac in layer] for layer in outputs]
        return counts if self.reduction is None else sum(map(sum, counts))


class OnShareMetric(Metric):
    """As for the final version: the share of its cells that each MAC has on."""

    def __init__(
        self, model: nn.Module, device: Any, reduction: Any = None, best_value: Any = max_by_layerwise_mean
    ) -> None:
        super().__init__(model, "on_share", best_value, device, reduction)
        self.hook = LayerIOHook(model)

    def _compute(self, m: Any, last_batch: Any, labels: Any, training: bool = True) -> Any:  # noqa: FBT001, FBT002 - as in the original
        _, _, outputs = self.hook.get_layer_io()
        return nested([output.mean(dim=2) for output in outputs])


@pytest.fixture
def in_the_factory() -> Iterator[None]:
    """Both, as the factory's docstring says."""
    MetricFactory.allowed_modules |= {"OnCellsMetric", "OnShareMetric"}
    yield
    MetricFactory.allowed_modules -= {"OnCellsMetric", "OnShareMetric"}


@pytest.mark.usefixtures("in_the_factory")
def test_one_of_spring_s_beside_ours() -> None:
    model = build(spring.Model, (4, 4), PARTS)
    names = ["on_cells", "num_activations", "basis_set_size"]
    metrics = [MetricFactory.create_metric(name, model=model, reduction=None) for name in names]
    total = MetricFactory.create_metric("on_cells", model=model, reduction="sum")
    batch = torch.ones(3, 4, 4, 1, 1)
    model(batch)
    counts, active, sizes = (metric.compute(model, batch, None, training=True) for metric in metrics)
    assert counts == [
        [int(mac) * part.num_cms for mac in layer] for layer, part in zip(active, PARTS, strict=True)
    ]
    assert [len(layer) for layer in sizes] == [6, 2]
    assert total.compute(model, batch, None) == sum(map(sum, counts)) > 0
    assert [metric.get_name() for metric in metrics] == names
    assert metrics[0].get_best_comparison_function() is min_by_layerwise_mean


@pytest.mark.usefixtures("in_the_factory")
def test_one_of_the_final_version_s_beside_ours() -> None:
    model = build(final.Model, (4, 4), PARTS)
    share, active = (
        MetricFactory.create_metric(name, None, "min_by_layerwise_mean", {}, model, CPU)
        for name in ("on_share", "num_activations")
    )
    mean = MetricFactory.create_metric("on_share", "layerwise_mean", None, None, model, CPU)
    batch = torch.ones(3, 16, 1)
    model(batch)
    shares, flags = (metric.compute(model, batch, None, training=True) for metric in (share, active))
    for layer, is_active, part in zip(shares.unbind(), flags.unbind(), PARTS, strict=True):
        assert torch.allclose(layer, is_active / part.num_neurons)
    assert mean.compute(model, batch, None).shape == (2, 3, 1)
    assert share.get_best_comparison_function() is min_by_layerwise_mean
    assert mean.get_best_comparison_function() is max_by_layerwise_mean
    assert (mean.name, mean.device, mean.reduction, mean.model) == ("on_share", CPU, "layerwise_mean", model)


def test_one_needs_compute_or_its_inside() -> None:
    assert {"_compute"} == Metric.__abstractmethods__ == set(observed("final")["metric base"]["abstract"])
    with pytest.raises(TypeError, match="abstract"):
        Metric(nn.Sequential(), "nothing", max)

    class Nothing(Metric):
        pass

    with pytest.raises(TypeError, match="abstract"):
        Nothing(nn.Sequential(), "nothing", max)


def test_a_compute_of_one_s_own_has_no_inside() -> None:
    metric = OnCellsMetric(nn.Sequential())
    message = "OnCellsMetric: expected _compute, which it doesn't define, not to be called"
    with pytest.raises(NotImplementedError, match=message):
        metric._compute(metric.model, None, None)


def test_a_subclass_of_ours_may_change_either() -> None:
    class Doubled(type(MetricFactory.create_metric("num_activations", model=nn.Sequential()))):
        def compute(self, *arguments: Any, **named: Any) -> Any:
            return [[2 * count for count in layer] for layer in super().compute(*arguments, **named)]

    model = build(spring.Model, (4, 4), PARTS)
    metric = Doubled(model)
    model(torch.ones(3, 4, 4, 1, 1))
    assert metric.compute(model, None, None) == [[6.0] * 6, [6.0] * 2]


def test_what_isn_t_allowed_isn_t_found() -> None:
    for name in ("on_cells", "OnCellsMetric"):
        assert not MetricFactory.is_valid_metric_class(name)
        with pytest.raises(ValueError, match=re.escape(f"found {name!r}")):
            MetricFactory.get_metric_class(name)


@pytest.mark.usefixtures("in_the_factory")
def test_what_is_allowed_is_found_by_both_names() -> None:
    for name in ("on_cells", "OnCellsMetric"):
        assert MetricFactory.is_valid_metric_class(name)
        assert MetricFactory.get_metric_class(name) is OnCellsMetric


def test_a_comparison_of_one_s_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparisons, "by_highest", max, raising=False)
    assert not MetricFactory.is_valid_comparision("by_highest")
    monkeypatch.setattr(
        MetricFactory, "allowed_comparisons", MetricFactory.allowed_comparisons | {"by_highest", "lost"}
    )
    assert MetricFactory.is_valid_comparision("by_highest")
    assert MetricFactory.get_comparison_function("by_highest") is max
    with pytest.raises(ValueError, match="Invalid comparison function name!"):
        MetricFactory.get_comparison_function("lost")
