"""Layers with the attributes of sparseypy's final version."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

import sparsey_trace as st
from sparsey_trace.errors import RecordError
from sparsey_trace.recording import record
from tests.recording.models import (
    OriginalModel,
    samples,
)

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor


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
    np.testing.assert_allclose(upper.positions, [[0.5, 0], [0.5, 1]])


def test_positions_are_optional(tmp_path: Path) -> None:
    model = OriginalModel()
    for layer in model.children():
        del layer.mac_positions
    with record(model, tmp_path / "run.h5"):
        model(samples(1))
    with st.open_trace(tmp_path / "run.h5") as trace:
        assert [layer.positions for layer in trace.layout.layers] == [None, None]


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
