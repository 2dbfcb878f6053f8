"""A model of either generation the whole way: recorded, analysed and reported, with the figures of a plain count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest
import torch

import sparsey_trace as st
from sparsey_trace.charts.shared.pictures import picture_shape
from sparsey_trace.chunk import Chunk
from sparsey_trace.layout import EVAL, TRAIN
from sparsey_trace.recording import WinnerTakeAll
from tests import definitions
from tests.sparseypy.standins import final, spring
from tests.sparseypy.standins.build import Part, StandIn, build, sample_shape

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import Tensor, nn

PIXELS = (6, 8)
PARTS = {
    "rectangular": [Part((3, 4), 3, 5, 0.4), Part((2, 2), 4, 4, 0.8)],
    "hexagonal": [Part((3, 2), 2, 300, 0.8, "hex"), Part((2, 3), 4, 4, 1.2, "hex")],
    "one layer of one MAC": [Part((1, 1), 5, 3, 0.3)],
}
SIZES = [(1, True), (32, True), (3, True), (1, False), (8, False)]
"""Of an epoch's batches, and whether the model trains on them."""


class Seen(NamedTuple):
    """What a plain reading saw of a layer in a pass: [B, M, Q] winners and [B, M] activity."""

    winners: NDArray[np.int64]
    active: NDArray[np.bool_]


class Watch:
    """Reads a model's layers sample by sample and MAC by MAC, with nothing of the package."""

    def __init__(self, model: StandIn) -> None:
        self.layers: dict[str, list[Seen]] = {}
        for name, layer in model.named_children():
            layer.register_forward_hook(
                lambda layer, _, output, name=name: self.layers.setdefault(name, []).append(
                    read(layer, output)
                )
            )


def read(layer: Any, output: Tensor) -> Seen:
    if isinstance(layer, spring.SparseyLayer):
        rows, columns = layer.grid_size
        macs = [output[:, row, column] for row in range(rows) for column in range(columns)]
        active = [mac.is_active.tolist() for mac in layer.mac_list]
        return Seen(np.array([winners(mac) for mac in macs]).swapaxes(0, 1), np.array(active, bool).T)
    macs = [output[:, mac].reshape(len(output), layer.num_cms_per_mac, -1) for mac in range(layer.num_macs)]
    return Seen(np.array([winners(mac) for mac in macs]).swapaxes(0, 1), layer.is_active.numpy().copy())


def winners(cells: Tensor) -> list[list[int]]:
    """Of [B, Q, K]; 0 where there is none."""
    return [[(cm.index(1.0) if 1.0 in cm else 0) for cm in sample] for sample in cells.tolist()]


def batches(model: nn.Module) -> list[tuple[Tensor, bool]]:
    generator = torch.Generator().manual_seed(5)
    return [
        ((torch.rand(size, *sample_shape(model), generator=generator) < 0.25).float(), training)
        for _ in range(2)
        for size, training in SIZES
    ]


class Recorded(NamedTuple):
    """A trace, and the same run as it was seen."""

    path: Path
    model: StandIn
    run: Chunk


@pytest.fixture(
    scope="module",
    params=[(kind, name) for kind in (spring.Model, final.Model) for name in PARTS],
    ids=lambda param: f"{param[0].__module__.rpartition('.')[2]}, {param[1]}",
)
def recorded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    kind, name = request.param
    model, path = build(kind, PIXELS, PARTS[name]), tmp_path_factory.mktemp("recorded") / "run.h5"
    watch, fed = Watch(model), batches(model)
    with st.record(model, path) as recorder:
        for step, (batch, training) in enumerate(fed):
            recorder.epoch = step // len(SIZES)
            model.train(training)
            model(batch)
    sizes = [len(batch) for batch, _ in fed]
    with st.open_trace(path) as trace:
        layout = trace.layout
    run = Chunk(
        layout=layout,
        start=0,
        step=np.repeat(np.arange(len(fed)), sizes),
        epoch=np.repeat(np.arange(len(fed)) // len(SIZES), sizes).astype(np.int32),
        phase=np.repeat([TRAIN if training else EVAL for _, training in fed], sizes).astype(np.uint8),
        label=np.zeros(sum(sizes), np.int64),
        inputs=np.concatenate([batch.flatten(1).numpy() for batch, _ in fed]).astype(np.uint8),
        codes=tuple(np.concatenate([seen.winners for seen in layer]) for layer in watch.layers.values()),
        active=tuple(np.concatenate([seen.active for seen in layer]) for layer in watch.layers.values()),
    )
    return Recorded(path, model, run)


def test_the_trace_holds_what_was_seen(recorded: Recorded) -> None:
    with st.open_trace(recorded.path) as trace:
        np.testing.assert_array_equal(trace.samples.phase[:], recorded.run.phase)
        np.testing.assert_array_equal(trace.samples.step[:], recorded.run.step)
        np.testing.assert_array_equal(trace.inputs[:], recorded.run.inputs)
        for index, layer in enumerate(trace.layers):
            active = recorded.run.active[index]
            np.testing.assert_array_equal(layer.active[:], active)
            np.testing.assert_array_equal(layer.codes[:][active], recorded.run.codes[index][active])
    assert 0 < np.mean(recorded.run.active[0]) < 1


def test_the_layout_is_the_model_s(recorded: Recorded) -> None:
    layout = recorded.run.layout
    is_spring = isinstance(recorded.model, spring.Model)
    assert layout.input_shape == (PIXELS if is_spring else (48, 1))
    for index, layer in enumerate(recorded.model.children()):
        found = layout.layers[index]
        np.testing.assert_array_equal(found.positions, np.float32(layer.mac_positions))
        for mac in range(layer.num_macs):
            heard = definitions.conn(layout, index, mac)
            assert heard == set(layer.input_connections[mac].tolist()) - {layout.num_sources(index)}


FIGURES = ["num_activations", "basis_set_size", "basis_set_size_increase", "feature_coverage"]


@pytest.fixture(scope="module")
def result(recorded: Recorded, tmp_path_factory: pytest.TempPathFactory) -> st.Result:
    return st.analyze(
        recorded.path, metrics=FIGURES, resolution="sample", out=tmp_path_factory.mktemp("tables")
    )


@pytest.mark.parametrize("name", FIGURES)
def test_figures_are_those_of_a_plain_count(result: st.Result, recorded: Recorded, name: str) -> None:
    table = result.to_pandas(name)
    expected = getattr(definitions, name)(recorded.run)
    found = {
        (row.sample, (row.layer, row.mac)): row.value
        for row in table[["sample", "layer", "mac", "value"]].itertuples(index=False)
    }
    for n, values in expected.items():
        for at, value in values.items():
            assert found[n, at] == np.float32(float(value))


def test_it_is_reported(recorded: Recorded, tmp_path: Path) -> None:
    if recorded.run.layout.num_macs > 1:
        return  # one layer of one MAC is quick, and the odd one
    page = st.report(recorded.path, tmp_path / "run.html").read_text()
    assert "Layer_0" in page


def test_a_basis_average_is_drawn_in_rows_and_columns(recorded: Recorded) -> None:
    height, width = picture_shape(recorded.run.layout)
    assert (height, width) == (PIXELS if isinstance(recorded.model, spring.Model) else (7, 7))


def test_layers_that_the_user_names_have_the_same_codes_and_phases(
    recorded: Recorded, tmp_path: Path
) -> None:
    """Their outputs say the same, and `train` sets no flag of the model."""
    kind = type(recorded.model)
    sizes = [
        (layer.name, layer.num_macs, layer.num_cms, layer.num_neurons) for layer in recorded.run.layout.layers
    ]
    wanted = [WinnerTakeAll(name, num_macs=m, num_cms=q, num_neurons=k) for name, m, q, k in sizes]
    parts = next(
        parts for parts in PARTS.values() if [part.num_cms for part in parts] == [q for *_, q, _ in sizes]
    )
    model = build(kind, PIXELS, parts)
    with st.record(model, tmp_path / "run.h5", layers=wanted):
        for batch, training in batches(model):
            model.train(training)
            model(batch)
    with st.open_trace(tmp_path / "run.h5") as trace, st.open_trace(recorded.path) as known:
        np.testing.assert_array_equal(trace.samples.phase[:], known.samples.phase[:])
        for named, layer in zip(trace.layers, known.layers, strict=True):
            active = layer.active[:]
            np.testing.assert_array_equal(named.active[:], active)
            np.testing.assert_array_equal(named.codes[:][active], layer.codes[:][active])
