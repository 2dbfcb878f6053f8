"""Samples of a run, as arrays: which shapes are refused, what is derived, and parts."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparsey_trace.chunk import Chunk
from sparsey_trace.errors import DataError
from sparsey_trace.layout import MARKS, NO_LABEL
from sparsey_trace.testing import runs
from tests.test_layout import layout


def chunk(**changes: Any) -> Chunk:
    parts = {
        "layout": layout(),
        "start": 10,
        "step": np.array([4, 4, 5]),
        "epoch": np.zeros(3, np.int32),
        "phase": np.array([0, 0, 1], np.uint8),
        "label": np.full(3, NO_LABEL),
        "inputs": np.array([[0, 1, 0], [1, 1, 1], [0, 0, 0]], np.uint8),
        "codes": (np.arange(18, dtype=np.uint8).reshape(3, 2, 3) % 4,),
        "active": (np.ones((3, 2), np.bool_),),
    }
    return Chunk(**(parts | changes))


SHAPES = {
    "step": (np.zeros((3, 1)), "step: expected shape (3,), found (3, 1)"),
    "a number": (5, "step: expected shape (1,), found ()"),
    "epoch": (np.zeros(2), "epoch: expected shape (3,), found (2,)"),
    "phase": (np.zeros(4), "phase: expected shape (3,), found (4,)"),
    "label": (np.zeros((3, 1)), "label: expected shape (3,), found (3, 1)"),
    "inputs": (np.zeros((3, 4)), "inputs: expected shape (3, 3), found (3, 4)"),
    "codes": ((np.zeros((3, 2, 2)),), "codes of v1: expected shape (3, 2, 3), found (3, 2, 2)"),
    "active": ((np.zeros((2, 2)),), "active of v1: expected shape (3, 2), found (2, 2)"),
    "two of codes": ((1, 2), "codes: expected an array for each of 1 layers, found 2"),
    "two of active": ((1, 2), "active: expected an array for each of 1 layers, found 2"),
}


@pytest.mark.parametrize(
    ("name", "value", "expected"), [(name, *pair) for name, pair in SHAPES.items()], ids=SHAPES
)
def test_shapes_of_a_chunk(name: str, value: Any, expected: str) -> None:
    field = "step" if name == "a number" else name.split()[-1]
    with pytest.raises(DataError) as caught:
        chunk(**{field: value})
    assert str(caught.value) == expected


def test_a_chunk_in_one_line() -> None:
    assert repr(chunk()) == "<Chunk of samples 10 to 13 (exclusive): inputs, codes, active>"
    assert repr(chunk(inputs=None, active=())) == "<Chunk of samples 10 to 13 (exclusive): codes>"
    assert (
        repr(chunk(inputs=None, codes=(), active=())) == "<Chunk of samples 10 to 13 (exclusive): no arrays>"
    )


def test_what_a_chunk_derives() -> None:
    assert chunk().sample.tolist() == [10, 11, 12]
    assert chunk().is_train.tolist() == [True, True, False]
    assert chunk(inputs=np.array([[0, -0.0, 2.5]] * 3)).on_bits.tolist() == [[0b001_00000]] * 3
    with pytest.raises(DataError, match=r"read without inputs: expected \[n, D\] inputs, found None"):
        _ = chunk(inputs=None).on_bits


@given(runs(), st.slices(40))
def test_a_part_of_a_chunk(run: Chunk, part: slice) -> None:
    if part.step not in (None, 1):
        with pytest.raises(DataError, match=f"expected a slice of step 1, found {part.step}"):
            _ = run[part]
        return
    piece = run[part]
    assert piece.sample.tolist() == run.sample[part].tolist()
    for name in ("step", "epoch", "phase", *MARKS.values(), "inputs"):
        assert np.array_equal(getattr(piece, name), getattr(run, name)[part])
    for name in ("codes", "active"):
        for mine, whole in zip(getattr(piece, name), getattr(run, name), strict=True):
            assert np.array_equal(mine, whole[part])


def test_parts_can_not_be_replaced() -> None:
    made = chunk()
    for field in dataclasses.fields(made):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(made, field.name, None)
