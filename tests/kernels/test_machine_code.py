"""Kernels that are called without their compiler."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.kernels.machine_code import _read_address, address_of

if TYPE_CHECKING:
    from pathlib import Path


def test_arrays_of_all_kinds_lie_where_they_say(tmp_path: Path) -> None:
    whole = np.arange(24.0).reshape(4, 6)
    frozen = np.frombuffer(b"12345678", np.uint8)
    mapped = np.memmap(tmp_path / "mapped", np.uint16, "w+", shape=(3, 2))
    for array in (
        whole,
        whole.T,
        whole[1:, ::2],
        whole[::-1],
        whole[:0],
        frozen,
        mapped,
        np.empty((0, 3), np.bool_),
    ):
        assert address_of(array) == array.ctypes.data


def test_they_are_not_asked_for_it() -> None:
    """Or a call of a small kernel would take three times as long; on another interpreter they may be."""
    assert address_of is _read_address
