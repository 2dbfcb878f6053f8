"""Hooks that were added later change what is recorded, as they change what the model uses."""

from __future__ import annotations

import io
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

import sparsey_trace as st
from sparsey_trace.recording import record
from sparsey_trace.recording.model.attached_hooks import AttachedHooks
from tests.recording.models import OriginalModel, part, samples

if TYPE_CHECKING:
    from pathlib import Path


class Half(nn.Module):
    """[B, 24] cells as its part puts them out."""

    def __init__(self) -> None:
        super().__init__()
        self.part = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        first = nn.functional.one_hot(torch.zeros(len(x), 6, dtype=torch.long), 4)
        return self.part(first.flatten(1))


def other_winners(_: nn.Module, __: Any, output: Tensor) -> Tensor:
    return output.unflatten(1, (6, 4)).roll(2, dims=-1).flatten(1)


def test_an_output_that_a_later_hook_replaces_is_the_one_that_is_recorded(path: Path) -> None:
    model = Half()
    with record(model, path, layers=part()):
        model(samples(2))
        model.part.register_forward_hook(other_winners)
        used = model(samples(2))
    with st.open_trace(path) as trace:
        assert trace.layers[0].codes[:2].tolist() == [[[0] * 3] * 2] * 2
        assert (
            trace.layers[0].codes[2:].reshape(2, 6).tolist() == used.unflatten(1, (6, 4)).argmax(-1).tolist()
        )
        assert trace.layers[0].codes[2, 0, 0] == 2


def test_an_input_that_a_later_hook_replaces_is_the_one_that_is_recorded(path: Path) -> None:
    model = OriginalModel()
    with record(model, path):
        model(samples(2))
        model.register_forward_pre_hook(lambda _, args: (1 - args[0],))
        model(samples(2))
        model(samples(2))
    with st.open_trace(path) as trace:
        assert trace.inputs[:].tolist() == torch.cat([samples(2), 1 - samples(2), 1 - samples(2)]).tolist()


def test_hooks_go_behind_those_that_came_since() -> None:
    hooks, module, seen = AttachedHooks(), nn.Identity(), list[str]()
    hooks.add(module.register_forward_hook, lambda *_: seen.append("ours"))
    assert [hooks.move_to_end() for _ in range(2)] == [True, True]
    module.register_forward_hook(lambda *_: seen.append("later"))
    nn.Identity().register_forward_hook(lambda *_: None)
    assert [hooks.move_to_end() for _ in range(3)] == [False, True, True]
    nn.Identity().register_forward_hook(lambda *_: None)
    assert hooks.move_to_end()
    module(torch.ones(1))
    assert seen == ["later", "ours"]


def test_a_model_saved_while_it_is_recorded_loads_without_this_package(path: Path) -> None:
    model = nn.Sequential(nn.Flatten(), nn.Hardtanh(0, 1))
    layer = st.WinnerTakeAll("1", num_macs=1, num_cms=2, num_neurons=3)
    with record(model, path, layers=layer):
        model(torch.tensor([[[0, 0, 1], [0, 1, 0]]]))
        saved = io.BytesIO()
        torch.save(model, saved)
    loads = (
        "import sys, io, torch; sys.modules['sparsey_trace'] = None; "
        "model = torch.load(io.BytesIO(sys.stdin.buffer.read()), weights_only=False); print(model(torch.ones(1, 2)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", loads], input=saved.getvalue(), capture_output=True, check=True
    )
    assert done.stdout == b"tensor([[1., 1.]])\n"
