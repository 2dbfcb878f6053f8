"""Hooks give what ran, and leave nothing behind."""

from __future__ import annotations

import copy
import pickle
from typing import TYPE_CHECKING

import pytest
import torch
from torch import nn

from sparsey_trace.sparseypy import Hook, HookFactory, LayerIOHook
from tests.golden_runs import load_golden
from tests.sparseypy.standins.final import SparseyLayer
from tests.sparseypy.standins.replay import final, spring
from tests.sparseypy.standins.spring import MAC
from tests.sparseypy.watched import blank

if TYPE_CHECKING:
    from sparsey_trace.chunk import Chunk


@pytest.fixture(scope="module")
def run() -> Chunk:
    return load_golden("spring_digits_silent")[0]


def test_the_final_version_s_layers(run: Chunk) -> None:
    model = final(run)
    hook = LayerIOHook(model)
    answer = model(blank(model, 3))
    layers, inputs, outputs = hook.get_layer_io()
    assert layers == list(model.children())
    assert all(isinstance(layer, SparseyLayer) for layer in layers)
    assert [list(output.shape) for output in outputs] == [[3, 12, 21], [3, 6, 16], [3, 2, 18]]
    assert outputs[-1] is answer
    assert list(inputs[0].shape) == [3, 64, 1]
    assert inputs[1] is outputs[0]


def test_the_spring_version_s_macs_in_a_list_for_each_layer(run: Chunk) -> None:
    model = spring(run)
    hook = LayerIOHook(model)
    answer = model(blank(model, 3))
    layers, inputs, outputs = hook.get_layer_io()
    assert layers == [list(layer.mac_list) for layer in model.children()]
    assert all(isinstance(mac, MAC) for layer in layers for mac in layer)
    assert [[list(output.shape) for output in layer] for layer in outputs][2] == [[3, 6, 3]] * 2
    assert torch.equal(torch.stack(outputs[2], dim=1), answer.flatten(1, 2))
    assert torch.equal(inputs[1][0], torch.stack(outputs[0], dim=1)[:, layers[1][0].input_filter])


def test_flattened_they_are_in_one_list(run: Chunk) -> None:
    model = spring(run)
    hook = LayerIOHook(model, flatten=True)
    model(blank(model, 3))
    layers, inputs, outputs = hook.get_layer_io()
    assert layers == [mac for layer in model.children() for mac in layer.mac_list]
    assert len(inputs) == len(outputs) == 20


def test_other_models_children(run: Chunk) -> None:
    model = nn.Sequential(nn.Linear(3, 2), nn.ReLU())
    hook = LayerIOHook(model)
    batch = torch.ones(1, 3)
    model(batch)
    layers, inputs, outputs = hook.get_layer_io()
    assert layers == [model[0], model[1]]
    assert inputs == [batch, outputs[0]]


@pytest.mark.parametrize("kind", [spring, final])
def test_only_the_latest_pass_is_kept(run: Chunk, kind: type) -> None:
    model = kind(run)
    hook = LayerIOHook(model)
    assert hook.get_layer_io() == ([], [], [])
    model(blank(model, 3))
    first = hook.get_layer_io()[2]
    model(blank(model, 2))
    second = hook.get_layer_io()[2]
    assert len(first) == len(second) == 3
    assert first is not second


@pytest.mark.parametrize("kind", [spring, final])
def test_remove_removes_everything(run: Chunk, kind: type) -> None:
    model = kind(run)
    kept, removed = LayerIOHook(model), LayerIOHook(model)
    model(blank(model, 3))
    removed.remove()
    removed.remove()
    assert removed.get_layer_io() == ([], [], [])
    assert removed.hook_handles == []
    model(blank(model, 3))
    assert removed.get_layer_io() == ([], [], [])
    assert len(kept.get_layer_io()[0]) == 3
    kept.remove()
    hooks = [
        hooks
        for module in model.modules()
        for hooks in (module._forward_hooks, module._forward_pre_hooks, module._forward_hooks_with_kwargs)
    ]
    assert not any(hooks)


def test_copies_and_pickles_of_the_model_are_not_watched() -> None:
    model = nn.Sequential(nn.Linear(3, 2))
    hook = LayerIOHook(model)
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        twin(torch.ones(1, 3))
    assert hook.get_layer_io() == ([], [], [])


def test_hooks_by_name(run: Chunk) -> None:
    hook = HookFactory.create_hook("layer_io", final(run))
    assert isinstance(hook, LayerIOHook)
    assert isinstance(hook, Hook)
    message = "Invalid hook name: layer_in! expected one of layer_io"
    with pytest.raises(ValueError, match=message):
        HookFactory.create_hook("layer_in", final(run))
