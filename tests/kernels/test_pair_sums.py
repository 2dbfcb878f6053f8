"""Sums over what a mask lets through."""

from __future__ import annotations

import numpy as np

from sparsey_trace.kernels.pair_sums import add_where


def test_values_are_added_where_their_mask_holds() -> None:
    rng = np.random.default_rng(0)
    values, holds = rng.integers(-(2**40), 2**40, (9, 31)), rng.random((5, 31)) < 0.5
    # Runs of one mask of every length up to 9, so that some end between four and four.
    of_masks = np.repeat([0, 1, 2, 3, 4], [1, 3, 4, 6, 9]).astype(np.int32)
    of_values = rng.integers(0, 9, len(of_masks)).astype(np.int32)
    sums = np.arange(len(of_masks))
    add_where(values, -holds.astype(np.int64), of_masks, of_values, sums)
    expected = (values[of_values] * holds[of_masks]).sum(axis=1) + np.arange(len(of_masks))
    np.testing.assert_array_equal(sums, expected)
