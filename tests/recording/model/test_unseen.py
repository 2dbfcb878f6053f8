"""Training that the model's hooks don't see is noticed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

from sparsey_trace.errors import RecordWarning
from sparsey_trace.recording import record
from tests.recording.models import CLASSIFIER_LAYERS, Classifier, samples

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from torch import Tensor


def train(model: Classifier, forward: Callable[[Tensor], Tensor], *, passes: int, repeats: int = 1) -> None:
    optimizers = [torch.optim.SGD(part.parameters(), lr=0.1) for part in (model.encoder, model.head)]
    for _ in range(passes):
        for optimizer in optimizers:
            optimizer.zero_grad()
        for _ in range(repeats):
            forward(samples(4)).sum().backward()
        for optimizer in optimizers:
            optimizer.step()


def test_forward_called_directly_is_told_once(path: Path) -> None:
    model = Classifier()
    with pytest.warns(RecordWarning) as told, record(model, path, layers=CLASSIFIER_LAYERS):
        train(model, model.forward, passes=3)
    messages = [str(warning.message).split(": ", 1)[1] for warning in told]
    assert messages[0].startswith(
        "step 0: encoder.1 runs outside of a pass of the model, which isn't recorded: hooks don't"
    )
    assert messages[1].startswith("step 0: deeper.1 runs outside of a pass")
    assert messages[2].startswith(
        "step 0: SGD moved it in 2 steps without a pass that could be recorded: hooks don't see"
    )
    assert "no trace was made" in messages[3]
    assert "though an optimizer moved it in 6 steps" in messages[3]
    assert len(messages) == 4


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_a_scripted_copy_is_noticed_by_its_optimizer(path: Path) -> None:
    model = Classifier().eval()
    traced = torch.jit.trace(model, samples(4), check_trace=False)
    with (
        pytest.warns(RecordWarning, match="Classifier: step 1: SGD moved it in 2 steps without a pass"),
        record(model, path, layers=CLASSIFIER_LAYERS) as rec,
    ):
        model(samples(4))
        train(model, traced, passes=2)
    assert rec.stats().steps == 1


def test_training_that_is_seen_raises_no_alarm(path: Path) -> None:
    model = Classifier()
    with record(model, path, layers=CLASSIFIER_LAYERS) as rec:
        train(model, model, passes=3, repeats=2)
        with rec.paused():
            train(model, model.forward, passes=1)
        train(model, model, passes=1)
    assert rec.stats().steps == 7
