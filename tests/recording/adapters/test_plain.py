"""Which layers are read without a call of their adapter's `read`, once that has shown what there is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import sparsey_trace as st
from sparsey_trace.errors import RecordWarning
from sparsey_trace.recording import WinnerTakeAll, record
from sparsey_trace.recording.adapters.plain import plain_activity
from sparsey_trace.recording.adapters.sparsey import SparseyLayers
from tests.recording.models import OriginalModel, samples

if TYPE_CHECKING:
    from pathlib import Path


class _Other(SparseyLayers):
    """It may read otherwise."""


class _Shown(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x[:, None]


class _Model(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = _Shown()

    def forward(self, x: Tensor, shown: Any) -> Any:
        return self.layer(shown)


def _record_shown(path: Path, shown: list[Tensor]) -> None:
    layer = WinnerTakeAll("layer", num_macs=1, num_cms=2, num_neurons=3)
    model = _Model()
    with record(model, path, layers=[layer]) as rec:
        for each in shown:
            model(torch.ones(len(each), 1), each)
            rec.commit()


def test_of_no_others() -> None:
    sizes = {"num_macs": 1, "num_cms": 2, "num_neurons": 3}
    assert plain_activity(SparseyLayers()) is not None
    assert plain_activity(WinnerTakeAll("layer", **sizes)) is not None
    assert plain_activity(_Other()) is None
    assert plain_activity(WinnerTakeAll("layer", **sizes, output=0)) is None


def test_outputs_of_other_kinds_and_shapes_are_read_as_ever(path: Path) -> None:
    cells = nn.functional.one_hot(torch.tensor([[2, 0], [1, 1]]), 3)
    shown = [
        cells.double(),
        cells.float(),
        cells.bool(),
        cells.flatten(1).float(),
        cells.float(),
        cells[:1] / 7,
    ]
    _record_shown(path, [*shown, torch.tensor([[2, 0]]), cells.float(), cells.half().requires_grad_()])
    with st.open_trace(path) as trace:
        both, first = [[[2, 0]], [[1, 1]]], [[[2, 0]]]
        np.testing.assert_array_equal(trace.layers[0].codes[:], [*5 * both, *2 * first, *2 * both])
        assert trace.layers[0].active[:].all()


def test_what_is_wrong_with_one_is_told_as_ever(path: Path) -> None:
    model = OriginalModel()
    layer = next(module for module in model.modules() if hasattr(module, "is_active"))
    with pytest.warns(RecordWarning, match="is_active: expected shape"), record(model, path) as rec:
        for wrong in (None, torch.ones(1, 1)):
            model(samples(2))
            rec.commit()

            def spoil(module: Any, *_: Any, wrong: Any = wrong) -> None:
                module.is_active = wrong

            handle = layer.register_forward_hook(spoil)
            model(samples(2))
            handle.remove()
    stats = rec.stats()
    assert (stats.steps, stats.refused) == (2, 2)
