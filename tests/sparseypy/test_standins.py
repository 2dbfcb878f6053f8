"""The stand-ins look as the running originals did: every entry of the observations is compared, or is one of metrics.

Of a tensor the observations hold shape and dtype. What its values are is held by the golden runs for the wiring, and by
the output for activity. Not observed were what goes in and out of a single MAC of the spring generation, and attributes
before the first batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from sparsey_trace.chunk import Chunk
from sparsey_trace.connections import PADDING
from sparsey_trace.layout import LayerLayout, Layout
from tests.golden_runs import load_golden
from tests.sparseypy.observed import observed
from tests.sparseypy.standins import final, observe, spring
from tests.sparseypy.standins.build import Part, StandIn, build, sample_shape
from tests.sparseypy.standins.replay import Replay, grid_of

if TYPE_CHECKING:
    from collections.abc import Callable

KINDS: dict[str, type[StandIn]] = {"spring": spring.Model, "final": final.Model}

OF_METRICS = {"metric base", "factory", "compute returns"}
"""What was observed of metrics, not of models."""

OF_MODELS = {"generation", "made of", "modules", "attributes", "batches", "flags"}

BATCHES = {"batch of 1": 1, "batch of 4": 4}


def part(made_of: dict[str, Any]) -> Part:
    """From one entry under `made of`; an entry of a new kind fails."""
    given = dict(made_of)
    rows, columns = given.pop("grid")
    assert rows * columns == given.pop("macs")
    return Part(
        grid=(rows, columns),
        num_cms=given.pop("q"),
        num_neurons=given.pop("k"),
        radius=given.pop("rf"),
        layout=given.pop("layout"),
        **given,
    )


def computing(generation: str) -> StandIn:
    """As the observed model was made."""
    return build(KINDS[generation], (8, 8), [part(made_of) for made_of in observed(generation)["made of"]])


def answering(generation: str) -> StandIn:
    """The same, that answers with codes of a run."""
    model = computing(generation)
    Replay(model, any_run([part(made_of) for made_of in observed(generation)["made of"]]))
    return model


def any_run(parts: list[Part]) -> Chunk:
    """Of ten samples, through layers of these sizes."""
    macs = [part.grid[0] * part.grid[1] for part in parts]
    layers = [
        LayerLayout(
            name=f"layer{index}",
            num_macs=macs[index],
            num_cms=part.num_cms,
            num_neurons=part.num_neurons,
            connections=[[0]] * macs[index],
        )
        for index, part in enumerate(parts)
    ]
    return Chunk(
        layout=Layout(num_features=64, layers=tuple(layers)),
        start=0,
        step=np.arange(10, dtype=np.int64),
        epoch=np.zeros(10, np.int32),
        phase=np.zeros(10, np.uint8),
        label=np.zeros(10, np.int64),
        inputs=np.zeros((10, 64), np.uint8),
        codes=tuple(np.zeros((10, layer.num_macs, layer.num_cms), np.uint8) for layer in layers),
        active=tuple(np.arange(10 * count).reshape(10, count) % 3 > 0 for count in macs),
    )


generations = pytest.mark.parametrize("generation", KINDS)
kinds = pytest.mark.parametrize("make", [computing, answering])
sizes = pytest.mark.parametrize("size", BATCHES.values())


def batch_for(model: StandIn, size: int) -> torch.Tensor:
    """Of which the upper right is off, so that MACs there are silent."""
    pixels = torch.arange(size * 64)
    on = (pixels % 3 == 0) & ((pixels % 8 < 3) | (pixels % 64 > 32))
    return on.reshape(size, *sample_shape(model)).float()


@generations
def test_no_kind_of_observation_is_skipped(generation: str) -> None:
    found = observed(generation)
    assert set(found) == OF_METRICS | OF_MODELS
    assert found["generation"] == generation
    assert set(found["attributes"]) == {f"after a {name}" for name in BATCHES}
    assert set(found["batches"]) == set(BATCHES)
    assert set(found["flags"]) == {"train(True)", "train(False)"}


@generations
@kinds
def test_modules_and_their_classes(make: Callable[[str], StandIn], generation: str) -> None:
    assert observe.classes(make(generation)) == observed(generation)["modules"]


@generations
@sizes
@kinds
def test_every_attribute_after_a_batch(make: Callable[[str], StandIn], generation: str, size: int) -> None:
    model, wanted = make(generation), observed(generation)["attributes"][f"after a batch of {size}"]
    model(batch_for(model, size))
    modules = observe.named(model)
    assert {name: observe.attributes(modules[name]) for name in wanted} == wanted
    not_observed = [name for name in modules if name not in wanted]
    assert all(isinstance(modules[name], spring.MAC) for name in not_observed)


@generations
def test_macs_that_were_not_looked_at_are_as_the_one_that_was(generation: str) -> None:
    model = computing(generation)
    model(batch_for(model, 4))
    for layer in model.children():
        for mac in getattr(layer, "mac_list", ()):
            assert set(vars(mac)) == set(vars(layer.mac_list[0]))


@generations
@sizes
@kinds
def test_what_goes_in_and_out(make: Callable[[str], StandIn], generation: str, size: int) -> None:
    model, wanted = make(generation), observed(generation)["batches"][f"batch of {size}"]
    assert observe.passed(model, batch_for(model, size), list(wanted)) == wanted
    assert set(wanted) == {observe.MODEL, *(name for name, _ in model.named_children())}


@generations
@kinds
def test_what_train_sets(make: Callable[[str], StandIn], generation: str) -> None:
    model, wanted = make(generation), observed(generation)["flags"]
    assert observe.flags(model, list(wanted["train(True)"])) == wanted


@generations
@kinds
def test_codes_have_a_winner_in_every_cm_of_the_macs_that_are_active(
    make: Callable[[str], StandIn], generation: str
) -> None:
    model, cells = make(generation), {}
    for name, layer in model.named_children():
        layer.register_forward_hook(lambda _, __, output, name=name: cells.update({name: output}))
    model(batch_for(model, 4))
    for made_of, (name, layer) in zip(observed(generation)["made of"], model.named_children(), strict=True):
        found = cells[name].reshape(4, made_of["macs"], made_of["q"], made_of["k"])
        active = activity(layer)
        assert active.any()
        assert torch.equal(found.sum(dim=-1), active[..., None].expand_as(found[..., 0]).float())
        assert set(found.unique().tolist()) == {0.0, 1.0}
    if make is computing:
        assert not activity(model.Layer_0).all()


def activity(layer: torch.nn.Module) -> torch.Tensor:
    """[B, M] bool."""
    if isinstance(layer, spring.SparseyLayer):
        return torch.stack([mac.is_active for mac in layer.mac_list], dim=1) != 0
    return layer.is_active


@generations
def test_what_training_changes_and_evaluation_does_not(generation: str) -> None:
    model = computing(generation)
    batch = batch_for(model, 4)
    before = [weights.clone() for weights in model.parameters()]
    model.train(mode=False)
    assert torch.equal(model(batch), model(batch))
    assert all(map(torch.equal, before, model.parameters()))
    model.train()
    model(batch)
    assert not all(map(torch.equal, before, model.parameters()))


RADII = {
    "spring_digits_all_active": (0.45, 0.8),
    "spring_digits_silent": (0.4, 0.6, 0.8),
    "final_mnist_rect": (0.25, 0.45, 0.8),
}


@pytest.mark.parametrize("name", RADII)
@generations
def test_wiring_and_positions_are_those_of_the_golden_runs(generation: str, name: str) -> None:
    """Made from their radii; they say what the original's were."""
    layout = load_golden(name)[0].layout
    parts = [
        Part(grid_of(layer.num_macs), layer.num_cms, layer.num_neurons, radius)
        for layer, radius in zip(layout.layers, RADII[name], strict=True)
    ]
    model = build(KINDS[generation], grid_of(layout.num_features), parts)
    for index, (layer, wanted) in enumerate(zip(model.children(), layout.layers, strict=True)):
        fields = layer.input_connections
        if isinstance(layer, final.SparseyLayer):
            fields = [field[field != layout.num_sources(index)] for field in fields]
        assert [field.tolist() for field in fields] == [
            row[row != PADDING].tolist() for row in wanted.connections
        ]
        np.testing.assert_array_equal(np.float32(layer.mac_positions), wanted.positions)
