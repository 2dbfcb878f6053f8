"""Memory that passes fill and that is used again: what is in it is what each pass left, whatever comes between."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

import sparsey_trace as st
from sparsey_trace.recording import WinnerTakeAll, record
from sparsey_trace.recording.adapters.codes import Codes
from sparsey_trace.recording.steps.step_memory import Kind, MemoryPool, kind_of

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

SIZES = {"num_macs": 3, "num_cms": 2, "num_neurons": 4}
LAYERS = [WinnerTakeAll("v1", **SIZES), WinnerTakeAll("v2", **SIZES)]


class Twice(nn.Module):
    """Puts out what it is told, and changes it in place behind its layers."""

    def __init__(self) -> None:
        super().__init__()
        self.v1, self.v2 = nn.Identity(), nn.Identity()

    def forward(self, x: Tensor, first: Tensor, second: Tensor) -> Tensor:
        found = [self.v1(first.clone()), self.v2(second.clone())]
        for output in (*found, x):
            output.zero_()
        return found[1]


def winners(size: int, seed: int) -> Tensor:
    """[B, 3, 2]."""
    return torch.randint(4, (size, 3, 2), generator=torch.Generator().manual_seed(seed))


def shown(found: Tensor, how: str) -> Tensor:
    """Winners in one of the ways in which a layer may put them out."""
    cells = nn.functional.one_hot(found, 4)
    return {
        "cells": cells.float(),
        "flat": cells.flatten(1).double(),
        "folded": cells.flatten(0, 1).bool(),
        "whole": cells.int(),
        "winners": found,
    }[how]


def test_each_step_is_what_its_pass_left_however_layers_put_it_out(path: Path) -> None:
    model, sent, inputs = Twice(), [], []
    ways = ["cells", "flat", "folded", "whole", "winners", "cells", "winners", "cells"]
    with record(model, path, layers=LAYERS, input="x") as rec:
        for number in range(24):
            size = 3 if number % 6 else 2
            first, second = winners(size, number), winners(size, 100 + number)
            x = torch.rand(size, 5, generator=torch.Generator().manual_seed(number))
            inputs.append(x.clone())
            sent.append((first, second))
            model(x, shown(first, ways[number % 8]), shown(second, ways[number // 3 % 8]))
            if number % 5 == 0:
                rec.commit()
    with st.open_trace(path) as trace:
        np.testing.assert_array_equal(trace.inputs[:], torch.cat(inputs))
        for layer, found in zip(trace.layers, zip(*sent, strict=True), strict=True):
            np.testing.assert_array_equal(layer.codes[:], torch.cat(found))
            assert layer.active[:].all()


def test_memory_of_passes_in_inference_mode_serves_others(path: Path) -> None:
    model = Twice()
    with record(model, path, layers=LAYERS, input="x", on_bad_step="raise") as rec:
        for is_evaluation in [True, False, True, False]:
            for seed in range(3):
                x, found = torch.rand(2, 5), shown(winners(2, seed), "cells")
                with torch.inference_mode(is_evaluation):
                    model(x, found, found)
            rec.commit()
    assert rec.stats().steps == 12


def test_memory_is_used_again_and_bounded() -> None:
    v1 = st.LayerLayout(name="v1", num_macs=3, num_cms=2, num_neurons=4, connections=[[0]] * 3)
    layout = st.Layout(num_features=1, layers=[v1])
    codes = Codes(torch.ones(2, 3, 8), None)
    assert kind_of([codes], layout) == Kind(layout, is_marks=False, has_active=False)
    pool = MemoryPool(Kind(layout, is_marks=False, has_active=False))
    memory = pool.take(2)
    assert pool.take(2) is not memory
    assert memory.keep(0, codes)
    assert not memory.keep(0, Codes(torch.ones(2, 3, 2, dtype=torch.int32), None))
    assert not memory.keep(0, Codes(codes.cells, torch.ones(2, 3)))
    assert memory.keep_again(0, codes.cells, None)
    assert not memory.keep_again(0, torch.ones(2, 24), None)
    assert not memory.keep_again(0, codes.cells.int(), None)
    assert not memory.keep_again(0, codes.cells, torch.ones(2, 3))
    assert not pool.take(2).keep_again(0, codes.cells, None)
    memory.free()
    assert pool.take(2) is memory
    large = [pool.take(1 << 19) for _ in range(3)]  # 12 MiB each
    for one in large:
        one.free()
    assert [pool.take(1 << 19) is one for one in large] == [True, False, False]
    for size in range(1, 7):
        pool.take(size).free()
    assert len(pool._free) <= 4


def test_an_input_goes_with_a_large_step_and_its_memory_comes_back(path: Path) -> None:
    """Each pass looks at its own step, as it is larger than an eighth of what may wait."""
    model, sent, inputs = Twice(), [], []
    memories = set()
    with record(model, path, layers=LAYERS, queue_bytes=50_000) as rec:
        for number in range(12):
            first, second = winners(4, number), winners(4, 100 + number)
            x = torch.rand(4, 999, generator=torch.Generator().manual_seed(number))
            inputs.append(x.clone())
            sent.append(first)
            model(x, shown(first, "cells"), shown(second, "cells"))
            if number > 5:
                rec.commit()
                (kept,) = rec._capture._step_maker._pool._inputs
                memories.add(kept.tensor.data_ptr())
    assert len(memories) == 1
    with st.open_trace(path) as trace:
        np.testing.assert_array_equal(trace.inputs[:], torch.cat(inputs))
        np.testing.assert_array_equal(trace.layers[0].codes[:], torch.cat(sent))


def test_layers_of_several_kinds_have_tensors_of_their_own() -> None:
    v1 = st.LayerLayout(name="v1", num_macs=3, num_cms=2, num_neurons=4, connections=[[0]] * 3)
    v2 = st.LayerLayout(name="v2", num_macs=3, num_cms=2, num_neurons=5, connections=[[0]] * 3)
    like_v1 = st.LayerLayout(name="v3", num_macs=3, num_cms=2, num_neurons=4, connections=[[0]] * 3)
    cells = Codes(torch.ones(2, 3, 8), None)
    assert kind_of([cells, cells], st.Layout(num_features=1, layers=[v1, v2])) is None
    assert (
        kind_of(
            [cells, Codes(cells.cells, torch.ones(2, 3))], st.Layout(num_features=1, layers=[v1, like_v1])
        )
        is None
    )
