"""What of a model is recorded, and how its layers are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import one_hot

import sparsey_trace as st
from sparsey_trace.errors import LayoutError, RecordError
from sparsey_trace.recording import WinnerTakeAll, record
from tests.recording.models import (
    CLASSIFIER_LAYERS,
    Classifier,
    Fixed,
    OriginalLayer,
    OriginalModel,
    samples,
)

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

M, Q, K = 2, 3, 4
WINNERS = torch.tensor([[[3, 0, 1], [2, 2, 0]], [[0, 3, 3], [-1, -1, -1]]])
"""[B, M, Q]; the last MAC is silent."""
CELLS = one_hot(WINNERS.clamp(min=0), K) * (WINNERS >= 0)[..., None]


def part(num_neurons: int = K, **more: Any) -> WinnerTakeAll:
    return WinnerTakeAll("part", num_macs=M, num_cms=Q, num_neurons=num_neurons, **more)


def recorded(path: Path, output: Tensor, layer: WinnerTakeAll) -> st.Trace:
    model = Fixed(output)
    with record(model, path, layers=[layer]):
        model(samples(len(output)))
    return st.open_trace(path)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.int64, torch.uint8, torch.bool])
@pytest.mark.parametrize("shape", [(M, Q, K), (M, Q * K), (M * Q * K,)])
def test_cells_of_any_dtype_and_shape(tmp_path: Path, dtype: torch.dtype, shape: tuple[int, ...]) -> None:
    with recorded(tmp_path / "run.h5", CELLS.to(dtype).reshape(-1, *shape), part()) as trace:
        np.testing.assert_array_equal(trace.layers[0].active[:], [[True, True], [True, False]])
        active = trace.layers[0].active[:]
        np.testing.assert_array_equal(trace.layers[0].codes[:][active], WINNERS[torch.from_numpy(active)])


@pytest.mark.parametrize("dtype", [torch.int64, torch.int32, torch.int8])
def test_winners_of_any_whole_dtype(tmp_path: Path, dtype: torch.dtype) -> None:
    with recorded(tmp_path / "run.h5", WINNERS.to(dtype), part()) as trace:
        active = trace.layers[0].active[:]
        np.testing.assert_array_equal(active, [[True, True], [True, False]])
        np.testing.assert_array_equal(trace.layers[0].codes[:][active], WINNERS[torch.from_numpy(active)])


def test_a_winner_may_have_any_value_but_zero(tmp_path: Path) -> None:
    values = torch.tensor([0.001, -7.0, 1e20, 2.0])
    with recorded(tmp_path / "run.h5", CELLS[:1] * values, part()) as trace:
        np.testing.assert_array_equal(trace.layers[0].codes[0], WINNERS[0])


@pytest.mark.parametrize("num_neurons", [256, 257, 65_535])
def test_the_largest_winners(tmp_path: Path, num_neurons: int) -> None:
    winners = torch.tensor([[[0, num_neurons - 1, 255], [1, num_neurons - 2, 7]]])
    cells = one_hot(winners, num_neurons)
    with recorded(tmp_path / "winners.h5", winners, part(num_neurons)) as trace:
        np.testing.assert_array_equal(trace.layers[0].codes[0], winners[0])
    with recorded(tmp_path / "cells.h5", cells, part(num_neurons)) as trace:
        np.testing.assert_array_equal(trace.layers[0].codes[0], winners[0])


FAULTS = {
    "two winners": CELLS + one_hot(torch.tensor(1), K),
    "a CM without winner": CELLS * (torch.arange(Q) != 1)[:, None],
    "every cell on": torch.ones_like(CELLS),
    "all nan": torch.full(CELLS.shape, float("nan")),
    "a winner too large": torch.where(WINNERS == 3, K, WINNERS),
    "a winner below -1": torch.where(WINNERS == 3, -2, WINNERS),
    "a MAC silent in part": torch.where(WINNERS == 3, -1, WINNERS),
}


@pytest.mark.parametrize("output", FAULTS.values(), ids=FAULTS)
def test_what_is_not_winner_take_all_is_refused(tmp_path: Path, output: Tensor) -> None:
    model = Fixed(output, CELLS)
    with record(model, tmp_path / "run.h5", layers=[part()]):
        with pytest.raises(
            RecordError,
            match=r"Fixed: step 0, sample 0: part, MAC 0: expected one winner in each of its 3 CMs \(one non-zero "
            r"cell of 4, or a whole number from 0 to 3\), or none at all, found neither",
        ):
            model(samples(2))
        model(samples(2))
    with st.open_trace(tmp_path / "run.h5") as trace:
        assert len(trace) == 2


def test_a_fault_is_placed(tmp_path: Path) -> None:
    class Deeper(Fixed):
        def forward(self, x: Tensor) -> Tensor:
            return self.upper(self.part(self.outputs.pop(0)))

        def upper(self, _: Tensor) -> Tensor:
            return self.over(self.outputs.pop(0))

    faulty = torch.ones(3, 2, 1, 2) * torch.tensor([1, 0])
    faulty[1, 1] = 1
    model = Deeper(CELLS.repeat(2, 1, 1, 1)[:3], torch.ones(3, 2, 1, 2) * torch.tensor([1, 0]))
    model.outputs += [CELLS.repeat(2, 1, 1, 1)[:3], faulty]
    model.over = nn.Identity()
    layers = [part(), WinnerTakeAll("over", num_macs=2, num_cms=1, num_neurons=2)]
    with record(model, tmp_path / "run.h5", layers=layers):
        model(samples(3))
        with pytest.raises(
            RecordError, match=r"step 1, sample 4: over, MAC 1: expected one winner in each of its 1"
        ):
            model(samples(3))


@pytest.mark.parametrize("shape", [(2, 1, 3, 4), (2, 2, 3, 4), (2, 2, 3), (48,)], ids=str)
def test_another_shape_is_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    model = Fixed(torch.ones(shape))
    layer = WinnerTakeAll("part", num_macs=2, num_cms=3, num_neurons=5)
    with pytest.raises(RecordError) as caught, record(model, tmp_path / "run.h5", layers=[layer]):
        model(samples(2))
    assert str(caught.value) == (
        f"part: expected an output of shape [B, 2, 3, 5] or [B, 2, 15] or [B, 30], found {list(shape)}"
    )


def test_an_output_that_is_no_tensor_is_refused(tmp_path: Path) -> None:
    model = nn.Sequential(nn.LSTM(6, 6))
    layer = WinnerTakeAll("0", num_macs=1, num_cms=1, num_neurons=6)
    with (
        pytest.raises(RecordError, match=r"0: expected an output of shape .*, found tuple"),
        record(model, tmp_path / "run.h5", layers=[layer]),
    ):
        model(samples(2))


def test_named_layers_listen_to_everything_below_unless_told(tmp_path: Path) -> None:
    model = Classifier()
    told = WinnerTakeAll(
        "deeper.1",
        num_macs=2,
        num_cms=2,
        num_neurons=3,
        connections=torch.tensor([[0, 1], [1, -1]]),
        positions=torch.tensor([[0.0, 0.5], [1.0, 0.5]]),
    )
    with record(model, tmp_path / "run.h5", layers=[CLASSIFIER_LAYERS[0], told]):
        model(samples(1))
    with st.open_trace(tmp_path / "run.h5") as trace:
        lower, upper = trace.layout.layers
    np.testing.assert_array_equal(lower.connections, [range(6)] * 2)
    np.testing.assert_array_equal(upper.connections, [[0, 1], [1, -1]])
    np.testing.assert_array_equal(upper.positions, [[0, 0.5], [1, 0.5]])
    assert lower.positions is None


def test_the_originals_attributes_become_the_layout(tmp_path: Path) -> None:
    model = OriginalModel()
    with record(model, tmp_path / "run.h5"):
        model(samples(1))
    with st.open_trace(tmp_path / "run.h5") as trace:
        lower, upper = trace.layout.layers
    assert (lower.name, upper.name) == ("Layer_0", "Layer_1")
    assert (lower.num_macs, lower.num_cms, lower.num_neurons) == (3, 3, 4)
    np.testing.assert_array_equal(lower.connections, [[0, 1, 2], [3, 4, -1], [5, -1, -1]])
    np.testing.assert_array_equal(upper.connections, [[0, 1], [2, -1]])
    np.testing.assert_allclose(upper.positions, [[0.5, 0], [0.5, 0.5]])


def test_positions_are_optional(tmp_path: Path) -> None:
    model = OriginalModel()
    for layer in model.children():
        del layer.mac_positions
    with record(model, tmp_path / "run.h5"):
        model(samples(1))
    with st.open_trace(tmp_path / "run.h5") as trace:
        assert [layer.positions for layer in trace.layout.layers] == [None, None]


def test_a_model_that_is_one_layer(tmp_path: Path) -> None:
    layer = OriginalLayer([[0, 1], [2]], num_sources=3, width=1, seed=0)
    with record(layer, tmp_path / "run.h5"):
        layer(torch.ones(2, 3, 1))
    with st.open_trace(tmp_path / "run.h5") as trace:
        assert trace.layout.layers[0].name == "OriginalLayer"
        assert len(trace) == 2


@pytest.mark.parametrize(("value", "found"), [(None, "NoneType"), (torch.ones(1, 2), r"\[1, 2\]")])
def test_activity_of_another_shape_is_refused(tmp_path: Path, value: Tensor | None, found: str) -> None:
    model = OriginalModel()
    upper = list(model.children())[1]
    upper.register_forward_hook(lambda layer, _, __: setattr(layer, "is_active", value))
    message = rf"Layer_1: is_active: expected shape \[2, 2\] after a forward pass, found {found}"
    with pytest.raises(RecordError, match=message), record(model, tmp_path / "run.h5"):
        model(samples(2))


def test_a_silent_macs_cells_are_not_looked_at(tmp_path: Path) -> None:
    model = OriginalModel()
    upper = list(model.children())[1]
    upper.register_forward_hook(lambda layer, _, __: torch.full((2, 2, 12), 7.0))
    upper.register_forward_hook(lambda layer, _, __: setattr(layer, "is_active", torch.zeros(2, 2)))
    with record(model, tmp_path / "run.h5"):
        model(samples(2))
    with st.open_trace(tmp_path / "run.h5") as trace:
        assert not trace.layers[1].active[:].any()


def test_a_model_with_nothing_to_record_says_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(RecordError) as caught:
        record(Classifier(), tmp_path / "run.h5")
    assert str(caught.value) == (
        "Classifier: expected layers with input_connections, num_cms_per_mac, num_neurons_per_cm, found none; name "
        "the layers: record(model, path, layers=[WinnerTakeAll('encoder.0', num_macs=…, num_cms=…, "
        "num_neurons=…)]); the model's modules: encoder, encoder.0, encoder.1, dropout, deeper, deeper.0, "
        "deeper.1, head"
    )


def test_a_name_that_is_not_there_brings_those_that_are(tmp_path: Path) -> None:
    def wanting(name: str) -> list[WinnerTakeAll]:
        return [WinnerTakeAll(name, num_macs=1, num_cms=1, num_neurons=2)]

    with pytest.raises(
        RecordError, match=r"a module named 'encoder\.2', found none \(did you mean encoder\.1\?\)"
    ):
        record(Classifier(), tmp_path / "run.h5", layers=wanting("encoder.2"))
    with pytest.raises(
        RecordError, match=r"a module named 'zzz', found none \(there are: encoder, encoder\.0"
    ):
        record(Classifier(), tmp_path / "run.h5", layers=wanting("zzz"))


def test_a_named_layer_that_contradicts_itself_fails_at_once() -> None:
    with pytest.raises(LayoutError, match="a: num_cms: expected a whole number of at least 1, found 0"):
        WinnerTakeAll("a", num_macs=1, num_cms=0, num_neurons=2)
    with pytest.raises(LayoutError, match="a: connections: expected one row for each of 2 MACs, found 1"):
        WinnerTakeAll("a", num_macs=2, num_cms=1, num_neurons=2, connections=[[0]])
