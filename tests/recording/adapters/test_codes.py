"""What a layer may put out: cells of any kind or winners, and what is neither."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import one_hot

import sparsey_trace as st
from sparsey_trace.errors import RecordError
from sparsey_trace.recording import WinnerTakeAll, record
from tests.recording.models import (
    CELLS,
    WINNERS,
    Fixed,
    K,
    M,
    Q,
    part,
    samples,
)

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor


def recorded(path: Path, output: Tensor, layer: WinnerTakeAll) -> st.Trace:
    model = Fixed(output)
    with record(model, path, layers=[layer]):
        model(samples(len(output)))
    return st.open_trace(path)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.int64, torch.uint8, torch.bool])
@pytest.mark.parametrize("shape", [(M, Q, K), (M, Q * K), (M * Q * K,), (1, M, Q, K), (M, 1, 1, Q * K)])
def test_cells_of_any_dtype_and_shape(tmp_path: Path, dtype: torch.dtype, shape: tuple[int, ...]) -> None:
    with recorded(tmp_path / "run.h5", CELLS.to(dtype).reshape(-1, *shape), part()) as trace:
        np.testing.assert_array_equal(trace.layers[0].active[:], [[True, True], [True, False]])
        active = trace.layers[0].active[:]
        np.testing.assert_array_equal(trace.layers[0].codes[:][active], WINNERS[torch.from_numpy(active)])


@pytest.mark.parametrize("dtype", [torch.int64, torch.int32, torch.int8])
def test_winners_of_any_whole_dtype(tmp_path: Path, dtype: torch.dtype) -> None:
    with recorded(tmp_path / "run.h5", WINNERS.to(dtype), part()) as trace:
        active = trace.layers[0].active[:]
        np.testing.assert_array_equal(active, [[True, True], [True, False]])
        np.testing.assert_array_equal(trace.layers[0].codes[:][active], WINNERS[torch.from_numpy(active)])


@pytest.mark.parametrize("axes", [(3, 4), (2, 3, 2), (12,), (1, 12)], ids=str)
@pytest.mark.parametrize("form", ["cells", "flat cells", "winners"])
def test_macs_may_have_any_axes(tmp_path: Path, axes: tuple[int, ...], form: str) -> None:
    """Numbered with the last one running fastest."""
    winners = torch.arange(2 * 12 * Q).reshape(2, 12, Q) % K
    cells = one_hot(winners, K)
    output = {"cells": cells, "flat cells": cells.flatten(2), "winners": winners}[form]
    layer = WinnerTakeAll("part", num_macs=12, num_cms=Q, num_neurons=K)
    with recorded(tmp_path / "run.h5", output.unflatten(1, axes), layer) as trace:
        np.testing.assert_array_equal(trace.layers[0].codes[:], winners)


def test_axes_that_do_not_come_to_the_macs_are_refused(tmp_path: Path) -> None:
    layer = WinnerTakeAll("part", num_macs=12, num_cms=Q, num_neurons=K)
    with pytest.raises(RecordError, match=r"any axes that come to 12 .*, found \[2, 3, 3, 3, 4\] float32"):
        recorded(tmp_path / "run.h5", torch.ones(2, 3, 3, Q, K), layer)


def test_a_winner_may_have_any_value_but_zero(tmp_path: Path) -> None:
    values = torch.tensor([0.001, -7.0, 1e20, 2.0])
    with recorded(tmp_path / "run.h5", CELLS[:1] * values, part()) as trace:
        np.testing.assert_array_equal(trace.layers[0].codes[0], WINNERS[0])


@pytest.mark.parametrize("num_neurons", [256, 257, 65_535])
def test_the_largest_winners(tmp_path: Path, num_neurons: int) -> None:
    winners = torch.tensor([[[0, num_neurons - 1, 255], [1, num_neurons - 2, 7]]])
    cells = one_hot(winners, num_neurons)
    with recorded(tmp_path / "winners.h5", winners, part(num_neurons)) as trace:
        np.testing.assert_array_equal(trace.layers[0].codes[0], winners[0])
    with recorded(tmp_path / "cells.h5", cells, part(num_neurons)) as trace:
        np.testing.assert_array_equal(trace.layers[0].codes[0], winners[0])


FAULTS = {
    "two winners": CELLS + one_hot(torch.tensor(1), K),
    "a CM without winner": CELLS * (torch.arange(Q) != 1)[:, None],
    "every cell on": torch.ones_like(CELLS),
    "all nan": torch.full(CELLS.shape, float("nan")),
    "a winner too large": torch.where(WINNERS == 3, K, WINNERS),
    "a winner below -1": torch.where(WINNERS == 3, -2, WINNERS),
    "a MAC silent in part": torch.where(WINNERS == 3, -1, WINNERS),
}


@pytest.mark.parametrize("output", FAULTS.values(), ids=FAULTS)
def test_what_is_not_winner_take_all_is_refused(tmp_path: Path, output: Tensor) -> None:
    model = Fixed(output, CELLS)
    with record(model, tmp_path / "run.h5", layers=[part()]):
        with pytest.raises(
            RecordError,
            match=r"Fixed: step 0, sample 0: part, MAC 0: expected one winner in each of its 3 CMs \(one non-zero "
            r"cell of 4, or a whole number from 0 to 3\), or none at all, found neither",
        ):
            model(samples(2))
        model(samples(2))
    with st.open_trace(tmp_path / "run.h5") as trace:
        assert len(trace) == 2


@pytest.mark.parametrize("shape", [(2, 1, 3, 4), (2, 2, 3, 4), (2, 2, 3), (48,)], ids=str)
def test_another_shape_is_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    model = Fixed(torch.ones(shape))
    layer = WinnerTakeAll("part", num_macs=2, num_cms=3, num_neurons=5)
    with pytest.raises(RecordError) as caught, record(model, tmp_path / "run.h5", layers=[layer]):
        model(samples(2))
    assert str(caught.value) == (
        f"part: expected an output of shape [B, 2, 3, 5] or [B, 2, 15] or [B, 30], or winners as whole numbers of "
        f"shape [B, 2, 3], with any axes that come to 2 in place of its MACs' one, or with that folded into the "
        f"batch, found {list(shape)} float32"
    )


@pytest.mark.parametrize("shape", [(2, 3, 7), (3, 2, 7)], ids=str)
def test_winners_with_their_axes_in_another_order_are_told_what_to_do(
    tmp_path: Path, shape: tuple[int, ...]
) -> None:
    model = Fixed(torch.zeros(shape).long())
    layer = WinnerTakeAll("part", num_macs=7, num_cms=3, num_neurons=5)
    message = r"; put its axes in order by a function: WinnerTakeAll\(\.\.\., output=…\)$"
    with pytest.raises(RecordError, match=message), record(model, tmp_path / "run.h5", layers=[layer]):
        model(samples(2))


def test_an_output_that_is_no_tensor_is_refused(tmp_path: Path) -> None:
    model = nn.Sequential(nn.LSTM(6, 6))
    layer = WinnerTakeAll("0", num_macs=1, num_cms=1, num_neurons=6)
    with (
        pytest.raises(RecordError, match=r"0: expected an output of shape .*, found tuple"),
        record(model, tmp_path / "run.h5", layers=[layer]),
    ):
        model(samples(2))
