"""Which modules of a model are found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

import sparsey_trace as st
from sparsey_trace.errors import RecordError
from sparsey_trace.recording import WinnerTakeAll, record
from tests.recording.models import (
    Classifier,
    Fixed,
    original_layer,
    samples,
)

if TYPE_CHECKING:
    from pathlib import Path


def test_a_model_that_is_one_layer(tmp_path: Path) -> None:
    layer = original_layer([[0, 1], [2]], num_sources=3, cells_below=1)
    with record(layer, tmp_path / "run.h5"):
        layer(torch.ones(2, 3, 1))
    with st.open_trace(tmp_path / "run.h5") as trace:
        assert trace.layout.layers[0].name == "SparseyLayer"
        assert len(trace) == 2


def test_a_model_with_nothing_to_record_says_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(RecordError) as caught:
        record(Classifier(), tmp_path / "run.h5")
    assert str(caught.value) == (
        "Classifier: expected layers with input_connections, num_cms_per_mac, num_neurons_per_cm, or with a mac_list "
        "of modules with input_filter, found none; name the layers: "
        "record(model, path, layers=[WinnerTakeAll('encoder.0', num_macs=…, num_cms=…, "
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


def test_a_layer_that_is_named_and_of_no_known_kind_is_to_be_described(tmp_path: Path) -> None:
    with pytest.raises(RecordError) as caught:
        record(Classifier(), tmp_path / "run.h5", layers="encoder.1")
    assert str(caught.value) == (
        "Classifier: layers: expected the name of a layer of a known kind, found 'encoder.1' of class OneHot; "
        "describe it: WinnerTakeAll('encoder.1', num_macs=…, num_cms=…, num_neurons=…)"
    )


def test_a_model_that_is_described_as_a_layer_is_called_by_its_class(tmp_path: Path) -> None:
    model = Fixed(torch.zeros(2, 4).long())
    with record(
        model, tmp_path / "run.h5", layers=WinnerTakeAll("", num_macs=1, num_cms=4, num_neurons=5)
    ) as recorder:
        model(samples(2))
    assert recorder.error is None
    with st.open_trace(tmp_path / "run.h5") as trace:
        assert trace.layers["Fixed"].num_cms == 4
