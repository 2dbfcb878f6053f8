"""Inputs are told apart by their numbers, however these are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from sparsey_trace.metrics.folding.identities import identities

if TYPE_CHECKING:
    from numpy.typing import NDArray

WIDE = np.zeros((2, 1500))
WIDE[1, 1400] = 1


@pytest.mark.parametrize(
    ("numbers", "kinds"),
    [
        ([[0, 1, 1], [1, 0, 0]], ["uint8", "float32", "float64", "int64"]),
        (WIDE, ["uint8", "float32", "float64", "int64"]),
        ([[0, 7, 255], [0, 1, 1]], ["float32", "float64", "int64"]),
        ([[0.1, 0, 1], [0.1, 0, 0]], ["float32", "float64"]),
        ([[1 << 25, 3, 0], [(1 << 25) + 1, 3, 0]], ["float64", "int64"]),
        ([[-(1 << 53), 0, 0], [0, 1, 0]], ["float32", "float64", "int64"]),
    ],
    ids=["bits", "wide", "small", "real", "whole", "edge"],
)
def test_equal_numbers_are_one_input_whatever_keeps_them(numbers: Any, kinds: list[str]) -> None:
    exact = np.asarray(numbers).astype(np.float32 if "float32" in kinds else np.float64)
    found = [identities(exact.astype(kind)).tolist() for kind in kinds]
    assert found == [found[0]] * len(kinds)
    assert len(set(found[0])) == len(exact)
    both = identities(np.concatenate([exact, exact[::-1]]))
    assert both.tolist() == found[0] + found[0][::-1]


@pytest.mark.parametrize(
    "inputs",
    [
        np.array([[1 << 60], [(1 << 60) + 1], [2]]),
        np.array([[np.iinfo(np.int64).max], [np.iinfo(np.int64).min], [-1]]),
        np.array([[0.1], [np.float64(np.float32(0.1))], [1e300]]),
        np.array([[2], [np.nextafter(np.float32(2), np.float32(3))], [-2]], np.float32),
    ],
    ids=["large", "largest", "float64", "float32"],
)
def test_other_numbers_are_other_inputs(inputs: NDArray[Any]) -> None:
    assert len(set(identities(inputs).tolist())) == len(inputs)


def test_both_zeros_are_one() -> None:
    assert len(set(identities(np.array([[0.0, 0.5], [-0.0, 0.5]])).tolist())) == 1
    assert len(set(identities(np.array([[0.0, 1], [-0.0, 1]])).tolist())) == 1
