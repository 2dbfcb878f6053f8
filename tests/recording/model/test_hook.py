"""Hooks are the model's that is recorded, and of no copy; errors in them reach the user."""

from __future__ import annotations

import copy
import importlib
import io
import pickle
import sys
from typing import TYPE_CHECKING

import pytest
import torch

from sparsey_trace.errors import RecordError
from sparsey_trace.recording import record
from sparsey_trace.recording.adapters.sparsey import SparseyLayers
from tests.recording.models import OriginalModel, samples
from tests.recording.passes import num_recorded

if TYPE_CHECKING:
    from pathlib import Path


def test_copies_of_the_model_work_and_are_not_recorded(path: Path) -> None:
    model = OriginalModel()
    with record(model, path):
        copied, unpickled = copy.deepcopy(model), pickle.loads(pickle.dumps(model))
        buffer = io.BytesIO()
        torch.save(model, buffer)
        for other in (copied, unpickled, torch.load(io.BytesIO(buffer.getvalue()), weights_only=False)):
            torch.testing.assert_close(other.eval()(samples(2)), copy.deepcopy(model).eval()(samples(2)))
        model(samples(3))
    assert num_recorded(path) == 3


def test_a_model_may_hold_its_recorder(path: Path) -> None:
    model = OriginalModel()
    model.recorder = record(model, path)
    torch.save(model, io.BytesIO())
    averaged = torch.optim.swa_utils.AveragedModel(model)
    assert (averaged.module.recorder, pickle.loads(pickle.dumps(model)).recorder) == (None, None)
    model(samples(3))
    model.recorder.close()
    assert copy.deepcopy(model).recorder is None
    assert num_recorded(path) == 3


def test_an_adapters_own_error_reaches_the_user_as_one_of_recording(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    model = OriginalModel()
    with record(model, path):
        with monkeypatch.context() as patch:
            patch.setattr(SparseyLayers, "read", fail)
            with pytest.raises(RecordError, match=r"step 0: .*, found ZeroDivisionError") as caught:
                model(samples(2))
            assert isinstance(caught.value.__cause__, ZeroDivisionError)
        model(samples(3))
    assert num_recorded(path) == 3


def test_hooks_are_plain_python_where_nothing_is_compiled(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every optimizer loads torch._dynamo; what keeps it out costs three times what a hook does."""
    uncompiled = importlib.import_module("sparsey_trace.recording.model.uncompiled")
    assert "torch._dynamo" in sys.modules
    monkeypatch.setattr(uncompiled, "call", None)
    model = OriginalModel()
    with record(model, path):
        model(samples(2))
    assert num_recorded(path) == 2
