"""Common samples are counted."""

from __future__ import annotations

import numpy as np

from sparsey_trace.kernels.common import count_common
from sparsey_trace.support.bitsets import sets_of_samples


def test_common_samples_are_counted() -> None:
    rng = np.random.default_rng(2)
    first, second = rng.random((150, 7)) < 0.4, rng.random((150, 9)) < 0.6
    pairs = rng.integers(0, 7, 50), rng.integers(0, 9, 50)
    found = count_common(sets_of_samples(first), sets_of_samples(second), *pairs)
    np.testing.assert_array_equal(found, (first[:, pairs[0]] & second[:, pairs[1]]).sum(axis=0))
