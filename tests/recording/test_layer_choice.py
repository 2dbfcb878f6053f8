"""Recording some layers of a model, and what the others mean for their wiring."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from torch import nn

import sparsey_trace as st
from sparsey_trace.demo.configurations import DIGITS
from sparsey_trace.demo.model import Sparsey
from sparsey_trace.errors import RecordError, UsageError
from sparsey_trace.metrics.wiring.receptive_fields import receptive_fields
from sparsey_trace.recording import WinnerTakeAll, record
from sparsey_trace.recording.adapters.codes import codes_of_winners
from sparsey_trace.recording.adapters.sparsey import SparseyLayers
from tests.recording.models import Classifier, OriginalModel, original_layer, samples

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from sparsey_trace.recording.adapters.codes import Codes


class Deep(nn.Module):
    """Four layers with the attributes of sparseypy's: 6 features, 4, 3, 3 and 2 MACs; no MAC hears everything."""

    WIRING = ([[0, 1], [1, 2], [3], [4, 5]], [[0, 1], [2], [3]], [[0], [1, 2], [0, 2]], [[0, 1], [2]])

    def __init__(self) -> None:
        super().__init__()
        sources = [6, *map(len, self.WIRING)]
        for number, wiring in enumerate(self.WIRING):
            below = 12 if number else 1
            layer = original_layer(wiring, num_sources=sources[number], cells_below=below, index=number)
            self.add_module(f"v{number}", layer)

    def forward(self, x: Tensor) -> Tensor:
        x = x[..., None]
        for layer in self.children():
            x = layer(x)
        return x


@pytest.mark.parametrize(
    "kept", [["v0"], ["v3"], ["v1", "v2"], ["v3", "v0"], ["v0", "v2"], ["v1", "v3"], ["v0", "v1", "v2", "v3"]]
)
def test_some_layers_are_recorded_as_they_are_with_all(tmp_path: Path, kept: list[str]) -> None:
    for name, layers in (("all", None), ("some", kept)):
        model = Deep()
        with record(model, tmp_path / name, layers=layers):
            for number in range(5):
                model(samples(3, seed=number))
    with st.open_trace(tmp_path / "all") as whole, st.open_trace(tmp_path / "some") as part:
        assert whole.sampling == {}
        left_out = [f"v{number}" for number in range(4) if f"v{number}" not in kept]
        assert part.sampling == ({"layers": left_out} if left_out else {})
        assert [layer.name for layer in part.layout.layers] == sorted(kept)
        np.testing.assert_array_equal(part.inputs[:], whole.inputs[:])
        fields_of_all = dict(zip("0123", receptive_fields(whole.layout), strict=True))
        for layer, fields in zip(part.layers, receptive_fields(part.layout), strict=True):
            number = layer.layout.name[1:]
            np.testing.assert_array_equal(fields.masks(), fields_of_all[number].masks())
            np.testing.assert_array_equal(layer.codes[:], whole.layers[int(number)].codes[:])
            np.testing.assert_array_equal(layer.active[:], whole.layers[int(number)].active[:])


def test_the_demos_receptive_fields_stay_exact_without_a_layer_between(tmp_path: Path) -> None:
    batch = torch.ones(2, 8, 8)
    for name, layers in (("all", None), ("some", ["layers.0", "layers.2"])):
        model = Sparsey(DIGITS, seed=1)
        with record(model, tmp_path / name, layers=layers):
            model(batch)
    with st.open_trace(tmp_path / "all") as whole, st.open_trace(tmp_path / "some") as part:
        assert [layer.name for layer in whole.layout.layers] == ["layers.0", "layers.1", "layers.2"]
        top = receptive_fields(whole.layout)[2].masks()
        assert not top.all()
        np.testing.assert_array_equal(receptive_fields(part.layout)[1].masks(), top)


def test_layers_that_are_left_out_are_not_looked_at(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, read = OriginalModel(), []
    lower, upper = model.children()
    read_layer = SparseyLayers.read

    def watch(self: SparseyLayers, module: nn.Module, *more: Any) -> Codes:
        read.append(module)
        return read_layer(self, module, *more)

    monkeypatch.setattr(SparseyLayers, "read", watch)
    upper.eval()  # a phase of its own
    with record(model, path, layers=["Layer_0"]):
        model(samples(2))
    assert read == [lower]


def test_names_and_descriptions_do_not_mix(path: Path) -> None:
    described = WinnerTakeAll("Layer_0", num_macs=3, num_cms=3, num_neurons=4)
    with pytest.raises(
        UsageError, match="layers: expected names or layers, found both: 'Layer_1' and WinnerTakeAll"
    ):
        record(OriginalModel(), path, layers=["Layer_1", described])


def test_names_are_of_layers_that_are_known(path: Path) -> None:
    with pytest.raises(
        RecordError, match=r"layers: expected the name of a layer of a known kind, found 'encoder.1'"
    ):
        record(Classifier(), path, layers=["encoder.1"])


class Sign:
    """An adapter of one's own: a MAC of one CM with two neurons, for each feature whether it is positive."""

    def __init__(self, name: str) -> None:
        self.name = name

    def layout(self, module: nn.Module, *, name: str, num_sources: int) -> st.LayerLayout:
        return st.LayerLayout(
            name=name, num_macs=6, num_cms=1, num_neurons=2, connections=[[n] for n in range(6)]
        )

    def read(self, module: nn.Module, output: Any, layout: st.LayerLayout) -> Codes:
        return codes_of_winners((output > 0).int()[..., None], layout)

    def is_training(self, module: nn.Module, model: nn.Module) -> bool:
        return model.training


@pytest.mark.parametrize("wrap", [lambda one: one, lambda one: [one], lambda one: iter([one])])
@pytest.mark.parametrize("layer", [Sign("0"), WinnerTakeAll("0", num_macs=1, num_cms=3, num_neurons=2)])
def test_one_layer_or_any_of_an_adapter_of_ones_own(path: Path, wrap: Any, layer: Any) -> None:
    model = nn.Sequential(nn.Identity())
    with record(model, path, layers=wrap(layer)):
        model(torch.tensor([[1.0, 0, 0, 1, 1, 0]]))
    with st.open_trace(path) as trace:
        expected = [1, 0, 0, 1, 1, 0] if isinstance(layer, Sign) else [0, 1, 0]
        assert trace.layers[0].codes[0].ravel().tolist() == expected


def test_an_adapter_that_lacks_something_is_refused(path: Path) -> None:
    with pytest.raises(UsageError, match=r"found <.*> without name, is_training"):
        record(OriginalModel(), path, layers=type("Half", (), {"layout": print, "read": print})())
