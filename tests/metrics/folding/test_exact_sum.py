"""Sums that are exact."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sparsey_trace.metrics.folding import exact_sum

NUMBERS = {
    np.float32: st.floats(width=32, allow_nan=False, allow_infinity=False),
    np.float64: st.floats(allow_nan=False, allow_infinity=False),
    np.int64: st.integers(-(2**63), 2**63 - 1) | st.integers(-9, 9),
}


@given(
    st.sampled_from(list(NUMBERS)).flatmap(
        lambda kind: st.lists(NUMBERS[kind], min_size=1, max_size=20).map(lambda given: np.array(given, kind))
    )
)
def test_parts_of_a_number_are_the_number(values: np.ndarray) -> None:
    parts = exact_sum.parts_of(values)
    assert all(exact_sum.LOWEST <= e <= exact_sum.HIGHEST for e in parts)
    for place, value in enumerate(values.tolist()):
        whole = sum(
            (Fraction(float(part[place])) * Fraction(2) ** e for e, part in parts.items()), Fraction(0)
        )
        assert whole == Fraction(value)
    assert all(np.abs(part).max() < 2**24 for part in parts.values())
