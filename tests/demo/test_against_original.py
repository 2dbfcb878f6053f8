"""The demo's layers beside those of sparseypy, as observed; `docs/demo.md` says what of a trace differs."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch

from sparsey_trace.demo import DIGITS, Sparsey
from sparsey_trace.demo.grids import hexagonal, rectangular
from sparsey_trace.demo.layer import SparseyLayer
from tests.golden_runs import FOLDER
from tests.sparseypy.standins import final, observe
from tests.sparseypy.standins.build import Part, build

PAGE = (Path(__file__).parents[2] / "docs" / "demo.md").read_text()

READ = ("num_cms_per_mac", "num_neurons_per_cm", "is_active")
"""Of a layer's attributes, what `record` reads and has to look the same; connections and positions differ."""


@cache
def observed() -> dict[str, Any]:
    return json.loads((FOLDER / "observed_final.json").read_text())


@cache
def lower() -> SparseyLayer:
    """Of the observed model's lower layer's sizes; after a batch of 4."""
    config = replace(DIGITS.layers[0], rows=3, columns=4, radius=0.4, num_cms=3, num_neurons=5)
    layer = SparseyLayer(config, sources=rectangular(8, 8), cells_per_source=1, seed=0)
    layer(torch.ones(4, 64))
    return layer


@cache
def theirs() -> Any:
    parts = [Part((3, 4), 3, 5, 0.4), Part((2, 2), 4, 4, 0.8, "hex"), Part((1, 2), 2, 2, 0.1)]
    return build(final.Model, (8, 8), parts)


@pytest.mark.parametrize("name", READ)
def test_what_is_read_of_a_layer_looks_the_same(name: str) -> None:
    wanted = observed()["attributes"]["after a batch of 4"]["Layer_0"][name]
    assert observe.described(getattr(lower(), name)) == wanted


def test_connections_have_the_same_form() -> None:
    wanted = observed()["attributes"]["after a batch of 4"]["Layer_0"]["input_connections"]
    found = lower().input_connections
    assert (found.dim(), str(found.dtype)) == (len(wanted["tensor"]), f"torch.{wanted['dtype']}")
    assert found.max() == theirs().Layer_0.input_connections.max() == 64


def test_outputs_have_the_same_shape() -> None:
    wanted = observed()["batches"]["batch of 4"]["Layer_0"]["output"]
    assert observe.described(lower()(torch.ones(4, 64))) == wanted


def row(what: str) -> tuple[str, str]:
    """What the page says of the demo and of sparseypy."""
    (line,) = [line for line in PAGE.splitlines() if line.startswith(f"| {what} |")]
    here, there = line.strip("| ").split(" | ")[1:]
    return here, there


def said(numbers: Any) -> str:
    return ", ".join(f"{number:.3g}" for number in numbers)


def test_names_of_layers() -> None:
    here, there = row("a layer's name")
    assert here.strip("`") in dict(Sparsey(DIGITS).named_modules())
    assert there.strip("`") in observed()["modules"]


def test_positions() -> None:
    here, there = lower().mac_positions.tolist(), theirs().Layer_0.mac_positions
    assert row("positions in a rectangular grid of 3 x 4: first, last") == tuple(
        f"{said(places[0])}; {said(places[-1])}" for places in (here, there)
    )
    assert row("positions in a hexagonal grid of 2 x 2") == tuple(
        "; ".join(map(said, places)) for places in (hexagonal(2, 2).tolist(), theirs().Layer_1.mac_positions)
    )
    assert (here[1][1], there[1][0]) == (here[0][1], there[0][0])  # the second MAC is in the first one's row
    assert row("a MAC's position") == ("x, y", "row, column")


def test_fields() -> None:
    fields = theirs().Layer_0.input_connections
    here, there = lower().field_sizes.unique().tolist(), (fields < 64).sum(dim=1).unique().tolist()
    assert row("features that the MACs of 3 x 4 listen to, of 8 x 8, radius 0.4") == (said(here), said(there))


def test_fields_of_nothing() -> None:
    config = replace(DIGITS.layers[0], rows=1, columns=2, radius=0.1)
    layer = SparseyLayer(config, sources=hexagonal(2, 2), cells_per_source=1, seed=0)
    assert layer.field_sizes.tolist() == [1, 1]
    assert (theirs().Layer_2.input_connections.numel()) == 0
    assert row("what a MAC listens to whose radius reaches nothing") == ("the nearest", "nothing")


def test_silence() -> None:
    here = [f"{layer.lowest_share:g} to {layer.highest_share:g}" for layer in DIGITS.layers]
    wanted = json.loads((FOLDER / "observed_spring.json").read_text())["attributes"]["after a batch of 4"][
        "Layer_0"
    ]
    limits = [float(wanted[f"activation_threshold_{end}"]) for end in ("min", "max")]
    assert row("a MAC is active from this share of its field on, up to this") == (
        ", ".join(here),
        f"{limits[0]:g} to {limits[1]:g}",
    )


def test_what_train_sets() -> None:
    model = Sparsey(DIGITS)
    model.train(mode=False)
    assert (model.training, model.layers[0].training) == (False, False)
    flags = observed()["flags"]["train(False)"]
    assert (flags[observe.MODEL]["training"], flags["Layer_0"]["training"]) == (True, False)
