"""What is a step and what isn't: passes that go wrong, and what is refused of those that don't."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from torch.utils.checkpoint import checkpoint

import sparsey_trace as st
from sparsey_trace.errors import RecordError
from sparsey_trace.recording import record
from sparsey_trace.recording.adapters.sparsey import SparseyLayers
from tests.recording.models import CLASSIFIER_LAYERS, Classifier, OriginalModel, samples
from tests.recording.passes import Unruly, check_refused, num_recorded

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from sparsey_trace.recording.adapters.codes import Codes


def test_a_model_that_calls_itself(path: Path) -> None:
    def recurse(model: Unruly, x: Tensor) -> Tensor:
        model.act = Classifier.forward
        return model(x) + Classifier.forward(model, x)

    model = Unruly(recurse)
    with record(model, path, layers=CLASSIFIER_LAYERS, on_bad_step="raise"):
        with pytest.raises(RecordError, match="found one that was given up: the model calls itself"):
            model(samples(2))
        model(samples(3))
    assert num_recorded(path) == 5


def test_an_error_of_recording_that_the_model_swallows(path: Path) -> None:
    def swallow(model: Unruly, x: Tensor) -> Tensor:
        with pytest.raises(RecordError):
            model.deeper(torch.ones(len(x), 24))
        return x

    check_refused(path, swallow, "found one that was given up: .* or caught an error of recording")


def test_a_pass_that_raises_leaves_nothing_behind(path: Path) -> None:
    def fail(model: Unruly, x: Tensor) -> Tensor:
        model.encoder(x)
        raise KeyError("mine")  # noqa: EM101

    model = Unruly(fail)
    with record(model, path, layers=CLASSIFIER_LAYERS) as rec:
        rec.labels = [1, 2]
        with pytest.raises(KeyError, match="mine"):
            model(samples(2))
        model.encoder(samples(2))
        model.act = Classifier.forward
        model(samples(3))
    with st.open_trace(path) as trace:
        np.testing.assert_array_equal(trace.inputs[:], samples(3))
        assert trace.samples.to_pandas()["label"].isna().all()


def test_a_pass_that_is_interrupted_leaves_nothing_behind(path: Path) -> None:
    def interrupt(model: Unruly, x: Tensor) -> Tensor:
        model.encoder(x)
        raise KeyboardInterrupt

    model = Unruly(interrupt)
    with record(model, path, layers=CLASSIFIER_LAYERS):
        with pytest.raises(KeyboardInterrupt):
            model(samples(2))
        model.act = Classifier.forward
        model(samples(3))
    assert num_recorded(path) == 3


def test_a_pass_while_the_caller_handles_an_error_is_recorded(path: Path) -> None:
    model = OriginalModel()
    with record(model, path):
        try:
            raise KeyError
        except KeyError:
            model(samples(2))
    assert num_recorded(path) == 2


def test_a_model_without_an_output_is_recorded(path: Path) -> None:
    def keep_to_itself(model: Unruly, x: Tensor) -> None:
        Classifier.forward(model, x)

    model = Unruly(keep_to_itself)
    with record(model, path, layers=CLASSIFIER_LAYERS):
        assert model(samples(2)) is None
    assert num_recorded(path) == 2


def test_layers_that_run_by_themselves_are_not_recorded(path: Path) -> None:
    model = Classifier()
    with record(model, path, layers=CLASSIFIER_LAYERS):
        model.encoder(samples(2))
        model(samples(3))
        model.encoder(samples(2))
    assert num_recorded(path) == 3


def test_what_backward_computes_again_is_not_recorded(path: Path) -> None:
    def save_memory(model: Unruly, x: Tensor) -> Tensor:
        return model.head(model.deeper(checkpoint(model.encoder, x, use_reentrant=False)))

    model = Unruly(save_memory)
    with record(model, path, layers=CLASSIFIER_LAYERS) as rec:
        model(samples(2)).sum().backward()
        assert rec.stats().steps == 1
    assert num_recorded(path) == 2


def test_a_pass_over_no_samples_leaves_nothing_but_takes_a_number(path: Path) -> None:
    model = OriginalModel()
    with record(model, path) as rec:
        model(samples(0))
        model(samples(2))
        assert rec.stats().unrecorded == 1
    with st.open_trace(path) as trace:
        assert trace.samples.step[:].tolist() == [1, 1]


def test_what_changes_in_place_later_was_recorded_as_it_was(path: Path) -> None:
    def overwrite(model: Unruly, x: Tensor) -> Tensor:
        cells = model.encoder(x)
        output = model.head(model.deeper(cells))
        cells.zero_()
        x.fill_(0.5)
        return output

    model, labels, batch = Unruly(overwrite), np.array([1, 2]), samples(2)
    with torch.no_grad(), record(model, path, layers=CLASSIFIER_LAYERS) as rec:
        rec.labels = labels
        model(batch)
        labels[:] = 9
    with st.open_trace(path) as trace:
        np.testing.assert_array_equal(trace.inputs[:], samples(2))
        assert trace.layers[0].active[:].all()
        assert trace.samples.to_pandas()["label"].tolist() == [1, 2]


def test_adapters_work_without_gradients(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    enabled, read = [], SparseyLayers.read

    def watch(*arguments: Any) -> Codes:
        enabled.append(torch.is_grad_enabled())
        return read(*arguments)

    monkeypatch.setattr(SparseyLayers, "read", watch)
    model = OriginalModel()
    with record(model, path):
        model(samples(2))
    assert enabled == [False, False]
