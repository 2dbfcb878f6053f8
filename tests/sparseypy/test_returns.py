"""What `compute` gives is what the running originals gave: for every metric and reduction, by shape and type."""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any

import pytest
import torch

from sparsey_trace.sparseypy import MetricFactory
from tests.sparseypy.observed import (
    BATCHES,
    GENERATIONS,
    batch_name,
    form,
    form_of_observation,
    observed,
    reductions,
    returned,
)
from tests.sparseypy.standins.build import sample_shape
from tests.sparseypy.test_standins import computing

CPU = torch.device("cpu")
ALL = [
    (generation, metric, reduction)
    for generation in GENERATIONS
    for metric in observed(generation)["compute returns"]
    for reduction in reductions(generation, metric)
]


@cache
def values() -> dict[tuple[str, str, str | None], list[Any]]:
    """Of each metric and reduction the values for all batches, from one model of each generation."""
    found: dict[tuple[str, str, str | None], list[Any]] = {}
    for generation in GENERATIONS:
        found |= shown(generation)
    return found


def shown(generation: str) -> dict[tuple[str, str, str | None], list[Any]]:
    model = computing(generation)
    metrics = {asked: made(model, *asked) for asked in ALL if asked[0] == generation}
    found: dict[tuple[str, str, str | None], list[Any]] = {asked: [] for asked in metrics}
    generator = torch.Generator().manual_seed(0)
    for size, training in BATCHES:
        batch = (torch.rand(size, *sample_shape(model), generator=generator) > 0.75).float()
        model.train(training)
        output = model(batch)
        for asked, metric in metrics.items():
            found[asked].append(metric.compute(model, batch, output, training))
    return found


def made(model: Any, generation: str, name: str, reduction: str | None) -> Any:
    """A metric, by the factory's call of its generation."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*: reduction: expected one of", category=UserWarning)
        if generation == "spring":
            return MetricFactory.create_metric(name, model=model, reduction=reduction)
        return MetricFactory.create_metric(name, reduction, None, {}, model, CPU)


@pytest.mark.parametrize("asked", ALL, ids=str)
def test_values_look_as_observed(asked: tuple[str, str, str | None]) -> None:
    wanted = returned(*asked)
    if "raises" in wanted:
        assert asked[0::2] == ("final", "sum")
        assert [form(value) for value in values()[asked]] == [{"tensor": [], "dtype": "float32"}] * 3
        return
    for (size, training), value in zip(BATCHES, values()[asked], strict=True):
        assert form(value) == form_of_observation(wanted[batch_name(size, training=training)])


def test_a_sample_of_the_final_version_is_selected_and_walked_through() -> None:
    """As its pipeline does it, for what is logged of each MAC."""
    for name in observed("final")["compute returns"]:
        value = values()["final", name, None][0]
        for sample in range(4):
            selected = torch.select(value, dim=1, index=sample)
            layers = [list(layer) for layer in selected]
            assert [len(macs) for macs in layers] == [12, 4]
            assert all(
                mac.dim() == (1 if name == "basis_average" else 0) for layer in layers for mac in layer
            )
            for layer, whole in zip(layers, value.unbind(), strict=True):
                assert torch.equal(torch.stack(layer), whole[sample])


def test_reductions_of_spring() -> None:
    """Of the same values by the original's own rules, which aren't those of metrics.md."""

    def of(name: str, reduction: str | None) -> Any:
        return values()["spring", name, reduction][0]

    counts = of("num_activations", None)
    flat = [count for layer in counts for count in layer]
    assert of("num_activations", "mean") == sum(flat) / 16 != sum(map(mean, counts)) / 2
    assert of("num_activations", "layerwise_mean") == list(map(mean, counts))
    assert of("num_activations", "sum") == sum(flat)
    assert of("num_activations", "highest_layer") == counts[-1]
    for unknown in ("layerwise_sum", "highest_layer_mean", "sparse", "highest_level"):
        assert of("num_activations", unknown) == of("num_activations", "mean")
    for name in ("basis_set_size", "basis_set_size_increase"):
        sizes = [list(map(int, layer)) for layer in of(name, None)]
        assert of(name, "mean") == list(map(mean, sizes))
        assert of(name, "sum") == list(map(sum, sizes))
        assert list(of(name, "highest_layer")) == sizes[-1]
    shares = of("feature_coverage", None)
    assert torch.equal(of("feature_coverage", "mean"), shares.mean())
    assert torch.equal(of("feature_coverage", "sum"), shares.sum())
    assert torch.equal(of("feature_coverage", "highest_layer"), shares[-1])


def test_reductions_of_spring_s_match_accuracy_and_averages() -> None:
    trained, evaluated, _ = values()["spring", "match_accuracy", None]
    assert trained == [[], []]
    assert [len(layer) for layer in evaluated] == [48, 16]
    assert values()["spring", "match_accuracy", "mean"][:2] == [[None, None], list(map(mean, evaluated))]
    assert values()["spring", "match_accuracy", "sum"][:2] == [[0, 0], list(map(sum, evaluated))]
    assert values()["spring", "match_accuracy", "highest_level"][1] == evaluated[-1]
    dense, inside = (values()["spring", "basis_average", reduction][0] for reduction in (None, "sparse"))
    for averages, parts in zip(dense, inside, strict=True):
        for average, part in zip(averages, parts, strict=True):
            assert average.count_nonzero() == part.count_nonzero()
            assert torch.equal(average[average > 0], part[part > 0])


def test_reductions_of_final() -> None:
    for name in observed("final")["compute returns"]:
        layers = values()["final", name, None][0].unbind()
        wanted = {
            "layerwise_mean": torch.stack([layer.mean(dim=1, keepdim=True) for layer in layers]),
            "layerwise_sum": torch.stack([layer.sum(dim=1, keepdim=True) for layer in layers]),
            "mean": torch.stack([layer.mean() for layer in layers]).mean(),
            "sum": torch.stack([layer.sum() for layer in layers]).sum(),
            "highest_layer": layers[-1],
            "highest_layer_mean": layers[-1].mean(),
        }
        for reduction, expected in wanted.items():
            assert torch.equal(values()["final", name, reduction][0], expected)


def mean(numbers: list[float]) -> float:
    return sum(numbers) / len(numbers)
