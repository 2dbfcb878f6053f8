"""Different things are told apart."""

from __future__ import annotations

import numpy as np

from sparsey_trace.kernels.distinct import distinct


def test_different_things_are_told_apart_by_every_word() -> None:
    words = np.random.default_rng(3).integers(0, 3, (500, 2)).astype(np.uint64)
    first, number = distinct(words)
    expected, back = np.unique(words, axis=0, return_inverse=True)
    assert len(first) == len(expected) == 9
    np.testing.assert_array_equal(words[first][number], expected[back])
    assert all((number[:place] != number[place]).all() for place in first)
