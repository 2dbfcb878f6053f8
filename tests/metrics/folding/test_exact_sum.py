"""Sums that are exact."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sparsey_trace.metrics.folding import exact_sum

FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)


@given(st.lists(FLOATS, min_size=1, max_size=20))
def test_parts_of_a_float_are_the_float(values: list[float]) -> None:
    parts = exact_sum.parts_of(np.float32(values))
    for place, value in enumerate(values):
        whole = sum(
            (Fraction(float(part[place])) * Fraction(2) ** e for e, part in parts.items()), Fraction(0)
        )
        assert whole == Fraction(value)
    assert all(np.abs(part).max() < 2**24 for part in parts.values())
