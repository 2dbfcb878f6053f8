"""Layers that the user names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

import sparsey_trace as st
from sparsey_trace.errors import LayoutError
from sparsey_trace.recording import WinnerTakeAll, record
from tests.recording.models import (
    CLASSIFIER_LAYERS,
    Classifier,
    samples,
)

if TYPE_CHECKING:
    from pathlib import Path


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


def test_a_named_layer_that_contradicts_itself_fails_at_once() -> None:
    with pytest.raises(LayoutError, match="a: num_cms: expected a whole number of at least 1, found 0"):
        WinnerTakeAll("a", num_macs=1, num_cms=0, num_neurons=2)
    with pytest.raises(LayoutError, match="a: connections: expected one row for each of 2 MACs, found 1"):
        WinnerTakeAll("a", num_macs=2, num_cms=1, num_neurons=2, connections=[[0]])
