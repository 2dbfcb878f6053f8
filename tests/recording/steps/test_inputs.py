"""Inputs: what is refused of them, and their bits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from sparsey_trace.errors import RecordError
from sparsey_trace.recording import WinnerTakeAll, record
from sparsey_trace.recording.steps.inputs import pack_bits
from sparsey_trace.trace.reading.open_trace import open_trace
from tests.recording.models import Fixed, samples
from tests.recording.passes import num_recorded

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_an_input_that_is_not_finite(path: Path, value: float) -> None:
    model, broken = Fixed(torch.ones(2, 1), torch.ones(2, 1)), samples(2)
    broken[1, 4] = value
    layers = WinnerTakeAll("part", num_macs=1, num_cms=1, num_neurons=1)
    with record(model, path, layers=layers, on_bad_step="raise"):
        model(samples(2))
        with pytest.raises(
            RecordError,
            match=f"Fixed: step 1, sample 3: input: expected finite numbers, found {value} in feature 4",
        ):
            model.outputs.insert(0, torch.ones(2, 1))
            model(broken)
        model(samples(2))
    assert num_recorded(path) == 4


def test_a_float_too_large_for_a_kind_that_is_asked_for_is_told_as_it_is(path: Path) -> None:
    model, huge = Fixed(torch.ones(1, 1)), torch.full((1, 6), 1e300, dtype=torch.float64)
    layers = [WinnerTakeAll("part", num_macs=1, num_cms=1, num_neurons=1)]
    with (
        pytest.raises(
            RecordError, match=r"expected finite numbers within float32, found 1e\+300 in sample 0"
        ),
        record(model, path, layers=layers, inputs="float32"),
    ):
        model(huge)


@pytest.mark.parametrize("number", [1e-60, 1e300])
def test_floats_that_fewer_bits_do_not_hold_are_kept(path: Path, number: float) -> None:
    """What becomes 0 isn't on any more; once it has come, all is kept in 64 bits."""
    model = Fixed(*[torch.ones(1, 1)] * 3)
    inputs = [torch.full((1, 6), value, dtype=torch.float64) for value in (1.0, 0.1, number)]
    with record(model, path, layers=[WinnerTakeAll("part", num_macs=1, num_cms=1, num_neurons=1)]):
        for each in inputs:
            model(each)
    with open_trace(path) as trace:
        assert trace.input_kind == "float64"
        np.testing.assert_array_equal(trace.inputs[-1], [number] * 6)
        np.testing.assert_allclose(trace.inputs[:2], [[1.0] * 6, [0.1] * 6], rtol=1e-7)
        assert (trace.inputs[:] != 0).all()


@pytest.mark.parametrize("features", [1, 7, 8, 9, 64, 784])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bool, torch.uint8, torch.int64, torch.bfloat16])
def test_bits_are_those_of_numpy(features: int, dtype: torch.dtype) -> None:
    values = torch.randint(2, (5, features), generator=torch.Generator().manual_seed(features)).to(dtype)
    bits, is_binary = pack_bits(values.reshape(5, features, 1))
    np.testing.assert_array_equal(bits, np.packbits(values.bool().numpy(), axis=-1))
    assert is_binary.tolist() == [True]


@pytest.mark.parametrize("value", [2, -1, 0.5, float("nan"), float("inf")])
def test_what_is_not_binary_is_seen(value: float) -> None:
    values = torch.ones(2, 9)
    values[1, 8] = value
    assert pack_bits(values)[1].tolist() == [False]
