"""Which inputs are kept, and in which kind."""

from __future__ import annotations

import numpy as np
import pytest

from sparsey_trace.trace.format.inputs import is_finite


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_large_sums_are_finite_and_a_single_value_tells(dtype: str) -> None:
    values = np.full((40, 50), np.finfo(dtype).max, dtype)
    assert is_finite(values)
    for wrong in (np.nan, np.inf, -np.inf):
        values[39, 49] = wrong
        assert not is_finite(values)
        values[0, 0] = -wrong
        assert not is_finite(values)
        values[0, 0] = 1
