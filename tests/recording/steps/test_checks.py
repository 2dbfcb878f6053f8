"""What has to hold of a step: its codes, its marks, its phase."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from torch import nn

from sparsey_trace.errors import RecordError
from sparsey_trace.recording import WinnerTakeAll, record
from tests.recording.models import (
    CELLS,
    Fixed,
    OriginalModel,
    part,
    samples,
)
from tests.recording.passes import num_recorded

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor


def test_a_fault_is_placed(tmp_path: Path) -> None:
    class Deeper(Fixed):
        def forward(self, x: Tensor) -> Tensor:
            return self.upper(self.part(self.outputs.pop(0)))

        def upper(self, _: Tensor) -> Tensor:
            return self.over(self.outputs.pop(0))

    faulty = torch.ones(3, 2, 1, 2) * torch.tensor([1, 0])
    faulty[1, 1] = 1
    model = Deeper(CELLS.repeat(2, 1, 1, 1)[:3], torch.ones(3, 2, 1, 2) * torch.tensor([1, 0]))
    model.outputs += [CELLS.repeat(2, 1, 1, 1)[:3], faulty]
    model.over = nn.Identity()
    layers = [part(), WinnerTakeAll("over", num_macs=2, num_cms=1, num_neurons=2)]
    with record(model, tmp_path / "run.h5", layers=layers, on_bad_step="raise"):
        model(samples(3))
        with pytest.raises(
            RecordError, match=r"step 1, sample 4: over, MAC 1: expected one winner in each of its 1"
        ):
            model(samples(3))


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        ([1, 2, 3], r"int64 of shape \[3\]"),
        (torch.tensor([[1, 2, 3, 4]]), r"int64 of shape \[1, 4\]"),
        (torch.tensor([0.5, 1.5]), r"float32 of shape \[2\]"),
        (["a", "b"], r"<U1 of shape \[2\]"),
    ],
)
def test_labels_that_do_not_fit(path: Path, labels: object, found: str) -> None:
    model = OriginalModel()
    with record(model, path) as rec:
        rec.labels = labels
        with pytest.raises(
            RecordError, match=f"labels: expected 2 whole numbers, one for each sample, found {found}"
        ):
            model(samples(2))
        model(samples(2))
    assert num_recorded(path) == 2


def test_layers_in_different_phases(path: Path) -> None:
    model = OriginalModel()
    upper = list(model.children())[1]
    with record(model, path):
        upper.eval()
        with pytest.raises(
            RecordError,
            match=r"step 0: expected all layers in training or all in evaluation, found Layer_0 in training and "
            "Layer_1 in evaluation",
        ):
            model(samples(2))
        upper.train()
        model(samples(2))
    assert num_recorded(path) == 2
