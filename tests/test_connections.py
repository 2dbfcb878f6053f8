"""Connections to everything: said, never held row by row."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest

import sparsey_trace as st
from sparsey_trace.connections import EVERYTHING
from sparsey_trace.errors import LayoutError
from sparsey_trace.metrics.wiring.receptive_fields import receptive_fields
from sparsey_trace.recording.layer_choice import without
from sparsey_trace.trace.rescue.repair import repair

if TYPE_CHECKING:
    from pathlib import Path

LARGE = 2**31 - 1


def layer(name: str, num_macs: int, connections: Any = EVERYTHING) -> st.LayerLayout:
    return st.LayerLayout(name=name, num_macs=num_macs, num_cms=2, num_neurons=3, connections=connections)


def full(name: str, num_macs: int, num_sources: int) -> st.LayerLayout:
    return layer(name, num_macs, [range(num_sources)] * num_macs)


SAID = st.Layout(num_features=6, layers=[layer("low", 4), layer("top", 3)])
LISTED = st.Layout(num_features=6, layers=[full("low", 4, 6), full("top", 3, 4)])


def test_a_layout_says_how_much_everything_is() -> None:
    assert SAID.layers[1].connections.tolist() == [[0, 1, 2, 3]] * 3
    assert (SAID, hash(SAID), repr(SAID)) == (LISTED, hash(LISTED), repr(LISTED))
    for said, listed in zip(SAID.layers, LISTED.layers, strict=True):
        assert (said.fan_in, said.num_connections) == (listed.fan_in, listed.num_connections)
        assert (said.hears_everything, listed.hears_everything) == (True, False)
    assert replace(SAID, num_features=7, input_shape=()).layers[0].fan_in == (7, 7)
    assert (
        SAID
        != replace(SAID, num_features=7, input_shape=())
        != replace(LISTED, num_features=7, input_shape=())
    )
    assert pickle.loads(pickle.dumps(SAID)) == SAID


def test_it_takes_no_memory() -> None:
    wide = st.Layout(num_features=LARGE, layers=[layer("low", LARGE)])
    assert wide.layers[0].fan_in == (LARGE, LARGE)
    assert wide.layers[0].num_connections == LARGE**2
    assert receptive_fields(wide).num_heard(0) == LARGE**2
    assert len(pickle.dumps(wide)) < 1000
    narrow = st.Layout(num_features=1000, layers=[layer("low", LARGE)]).layers[0].connections
    assert (narrow.shape, narrow.strides[0], narrow.flags.writeable) == ((LARGE, 1000), 0, False)


def test_a_layer_by_itself_cannot_know() -> None:
    alone = layer("low", 4)
    assert repr(alone).endswith("connections='everything')")
    assert alone == layer("low", 4) != full("low", 4, 6)
    for ask in ("connections", "fan_in", "num_connections"):
        with pytest.raises(
            LayoutError, match=r"low: connections: expected a layer of a Layout, .* found one by itself"
        ):
            getattr(alone, ask)


def test_layers_that_are_left_out_hand_everything_on() -> None:
    some = layer("low", 4, [[0], [1, 2], [4], [1]])
    part = layer("top", 2, [[0, 1], [3]])
    made = {
        "all of all": st.Layout(num_features=6, layers=[layer("low", 4), layer("top", 2)]),
        "some of all": st.Layout(num_features=6, layers=[layer("low", 4), part]),
        "all of some": st.Layout(num_features=6, layers=[some, layer("top", 2)]),
    }
    heard = {name: without(layout, ["low"]).layers[0].connections.tolist() for name, layout in made.items()}
    assert heard["all of all"] == heard["some of all"] == [list(range(6))] * 2
    assert heard["all of some"] == [[0, 1, 2, 4]] * 2


def write(path: Path, layout: st.Layout) -> None:
    rng = np.random.default_rng(0)
    with st.TraceWriter(path, layout) as writer:
        for step in range(6):
            codes = [rng.integers(3, size=(5, layer.num_macs, 2)) for layer in layout.layers]
            active = [rng.random((5, layer.num_macs)) < 0.8 for layer in layout.layers]
            phase = "train" if step < 4 else "eval"
            writer.append(inputs=rng.integers(2, size=(5, 6)), codes=codes, active=active, phase=phase)


def test_a_trace_says_it_and_means_the_same(tmp_path: Path) -> None:
    said, listed, repaired = (tmp_path / name for name in ("said.h5", "listed.h5", "repaired.h5"))
    write(said, SAID)
    write(listed, LISTED)
    repair(said, repaired)
    for path in (said, repaired):
        with h5py.File(path) as file:
            assert "connections" not in file["layers/1"]
            assert file["layers/1"].attrs["connections"] == b"everything"
        with st.open_trace(path) as trace:
            assert trace.layout == SAID
            assert trace.layout.layers[0].hears_everything
    names = ["feature_coverage", "basis_average", "match_accuracy"]
    found, expected = (st.analyze(path, metrics=names, engine="serial") for path in (said, listed))
    for name in names:
        assert len(found[name])
        assert found[name].equals(expected[name]), name
