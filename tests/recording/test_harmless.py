"""A recorded run and an unrecorded one end alike, bit for bit."""

from __future__ import annotations

import contextlib
import random
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from torch import nn

from sparsey_trace.demo.configurations import DIGITS
from sparsey_trace.demo.model import Sparsey
from sparsey_trace.recording import record
from tests.recording.models import CLASSIFIER_LAYERS, Classifier, OriginalModel, samples

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def train_classifier(recording: Callable[..., Any]) -> list[torch.Tensor]:
    """Gradient descent with momentum, dropout and autocast; all that it leaves behind."""
    torch.manual_seed(3)
    model = Classifier()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    losses = []
    with recording(model, layers=CLASSIFIER_LAYERS):
        for number in range(20):
            optimizer.zero_grad()
            with torch.autocast("cpu", enabled=number % 2 == 0):
                output = model(samples(8, seed=number))
            loss = nn.functional.cross_entropy(output.float(), torch.arange(8) % 2)
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
    return [*losses, *model.parameters(), *(p.grad for p in model.parameters())]


def train_original(recording: Callable[..., Any]) -> list[torch.Tensor]:
    """Hebbian learning in place."""
    model = OriginalModel()
    with recording(model):
        outputs = [model(samples(4, seed=number)) for number in range(20)]
    return [*outputs, *model.state_dict().values()]


def train_demo(recording: Callable[..., Any]) -> list[torch.Tensor]:
    """The demo model: Hebbian learning with sampled winners."""
    model = Sparsey(DIGITS, seed=5)
    batches = torch.rand(12, 4, 8, 8, generator=torch.Generator().manual_seed(6)) < 0.3
    outputs = []
    with recording(model):
        for number, batch in enumerate(batches):
            model.train(number % 4 != 3)
            outputs.append(model(batch.float()))
    return [*outputs, *model.state_dict().values(), *(layer.generator.get_state() for layer in model.layers)]


@pytest.mark.parametrize("train", [train_classifier, train_original, train_demo])
def test_recording_changes_no_bit(tmp_path: Path, train: Callable[..., list[torch.Tensor]]) -> None:
    def end_of_run(recording: Callable[..., Any]) -> tuple[list[torch.Tensor], object]:
        torch.manual_seed(1)
        left = [*train(recording), torch.get_rng_state()]
        return left, (random.getstate(), repr(np.random.get_state()), torch.is_grad_enabled())

    plain, state = end_of_run(lambda *_, **__: contextlib.nullcontext())
    recorded, state_after = end_of_run(lambda model, **more: record(model, tmp_path / "run.h5", **more))
    assert (tmp_path / "run.h5").exists()
    assert state == state_after
    assert len(plain) == len(recorded)
    assert all(map(torch.equal, plain, recorded))


def test_outputs_keep_their_gradients_and_identity(tmp_path: Path) -> None:
    model = Classifier()
    given = []
    model.encoder.register_forward_hook(lambda _, __, output: given.append(output))
    with record(model, tmp_path / "run.h5", layers=CLASSIFIER_LAYERS):
        model.dropout.register_forward_hook(lambda _, arguments, __: given.append(arguments[0]))
        output = model(samples(2))
    assert given[0] is given[1]
    assert output.requires_grad


def test_inference_mode_and_no_grad_work(tmp_path: Path) -> None:
    model = OriginalModel()
    with record(model, tmp_path / "run.h5") as rec:
        with torch.inference_mode():
            model.eval()(samples(2))
        with torch.no_grad():
            model(samples(2))
            assert not torch.is_grad_enabled()
        assert rec.stats().steps == 2
