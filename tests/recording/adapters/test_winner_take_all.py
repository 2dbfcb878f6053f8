"""Layers that the user names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from torch import nn

import sparsey_trace as st
from sparsey_trace.errors import LayoutError
from sparsey_trace.layout import EVAL, TRAIN
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


def phases(model: nn.Module, path: Path, layers: list[WinnerTakeAll]) -> list[int]:
    with record(model, path, layers=layers):
        model(samples(1))
    with st.open_trace(path) as trace:
        return trace.samples.phase[:].tolist()


def test_a_frozen_part_trains_with_its_model(tmp_path: Path) -> None:
    model = Classifier()
    model.encoder.eval()
    assert phases(model, tmp_path / "run.h5", CLASSIFIER_LAYERS) == [TRAIN]


def test_a_model_evaluates_whose_train_sets_its_parts_only(tmp_path: Path) -> None:
    model = Classifier()
    for part in model.children():
        part.eval()
    assert phases(model, tmp_path / "run.h5", CLASSIFIER_LAYERS) == [EVAL]


def test_a_model_with_parameters_of_its_own_trains_with_all_parts_frozen(tmp_path: Path) -> None:
    model = Classifier()
    model.temperature = nn.Parameter(torch.ones(1))
    for part in model.children():
        part.eval()
    assert phases(model, tmp_path / "run.h5", CLASSIFIER_LAYERS) == [TRAIN]


def test_a_named_layer_that_contradicts_itself_fails_at_once() -> None:
    with pytest.raises(LayoutError, match="a: num_cms: expected a whole number of at least 1, found 0"):
        WinnerTakeAll("a", num_macs=1, num_cms=0, num_neurons=2)
    with pytest.raises(LayoutError, match="a: connections: expected one row for each of 2 MACs, found 1"):
        WinnerTakeAll("a", num_macs=2, num_cms=1, num_neurons=2, connections=[[0]])
