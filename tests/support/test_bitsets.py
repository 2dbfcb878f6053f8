"""Bits in words."""

from __future__ import annotations

import numpy as np

from sparsey_trace.support.bitsets import words_of


def test_words_hold_bytes_of_any_number() -> None:
    assert words_of(np.array([[1, 0, 0, 0, 0, 0, 0, 0, 2]], np.uint8)).tolist() == [[1, 2]]
