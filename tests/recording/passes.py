"""Passes that go wrong, and what is recorded in spite of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import sparsey_trace as st
from sparsey_trace.errors import RecordError
from sparsey_trace.recording import record
from tests.recording.models import CLASSIFIER_LAYERS, Classifier, samples

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np
    from torch import Tensor, nn


class Unruly(Classifier):
    """A classifier whose forward pass does what a test wants first."""

    def __init__(self, act: Callable[[Unruly, Tensor], Tensor]) -> None:
        super().__init__()
        self.act = act

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self, x)


def num_recorded(path: Path) -> int:
    with st.open_trace(path) as trace:
        assert trace.closed
        return len(trace)


def check_refused(path: Path, act: Callable[[Unruly, Tensor], Tensor], message: str) -> None:
    """The first pass, which does `act`, is refused; the plain one after it is recorded."""
    model = Unruly(act)
    with record(model, path, layers=CLASSIFIER_LAYERS) as rec:
        with pytest.raises(RecordError, match=message):
            model(samples(2))
        model.act = Classifier.forward
        model(samples(3))
        assert rec.stats().unrecorded == 1
    assert num_recorded(path) == 3


def contents(path: Path) -> list[np.ndarray]:
    with st.open_trace(path) as trace:
        assert trace.closed
        columns = [trace.samples.step[:], *([trace.inputs[:]] if "inputs" in trace.fields else [])]
        return columns + [view[:] for layer in trace.layers for view in (layer.codes, layer.active)]


def num_hooks(model: nn.Module) -> int:
    return sum(len(part._forward_hooks) + len(part._forward_pre_hooks) for part in model.modules())
