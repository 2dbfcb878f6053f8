"""Sums of groups, against what numpy makes of the same."""

import numpy as np

from sparsey_trace.kernels.sums import add_counts, add_fractions


def test_counts_and_fractions_are_added_to_their_groups() -> None:
    rng = np.random.default_rng(0)
    group = rng.integers(0, 3, 50)
    counts, fractions = rng.integers(0, 9, (50, 4)), rng.random((50, 4))
    totals = np.ones((3, 4), np.int64)
    add_counts(counts, group, totals)
    np.testing.assert_array_equal(totals, [1 + counts[group == number].sum(axis=0) for number in range(3)])
    totals = np.zeros((3, 4), np.int64)
    assert add_fractions(fractions, group, 2.0**40, 1.5, totals)
    units = np.rint(fractions * 2.0**40).astype(np.int64)
    np.testing.assert_array_equal(totals, [units[group == number].sum(axis=0) for number in range(3)])


def test_what_is_too_large_or_not_finite_is_said() -> None:
    for value in (2.0, -2.0, np.inf, np.nan):
        totals = np.zeros((1, 1), np.int64)
        assert not add_fractions(np.array([[value]]), np.array([0]), 1.0, 2.0, totals)
    assert add_fractions(np.array([[1.9]]), np.array([0]), 1.0, 2.0, np.zeros((1, 1), np.int64))
