"""The small parts that metrics are made of."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparsey_trace.errors import UsageError
from sparsey_trace.metrics import MatchAccuracy, SiscAdherence, exact_sum, make_metric
from sparsey_trace.metrics.comparisons import (
    average_nested_data,
    max_by_layerwise_mean,
    min_by_layerwise_mean,
)

FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)


@given(st.lists(FLOATS, min_size=1, max_size=20))
def test_parts_of_a_float_are_the_float(values: list[float]) -> None:
    parts = exact_sum.split(np.float32(values))
    for place, value in enumerate(values):
        whole = sum(
            (Fraction(float(part[place])) * Fraction(2) ** e for e, part in parts.items()), Fraction(0)
        )
        assert whole == Fraction(value)
    assert all(np.abs(part).max() < 2**24 for part in parts.values())


def test_nested_means() -> None:
    assert average_nested_data([[1, 3], [np.array([math.nan, 4.0]), []], 5]) == pytest.approx((2 + 1 + 5) / 3)
    assert average_nested_data([]) == 0.0
    assert average_nested_data(np.float32(2.5)) == 2.5
    assert max_by_layerwise_mean([[2.0]], [[1.0, 2.0]]) is True
    assert min_by_layerwise_mean([[2.0]], [[1.0, 2.0]]) is False
    assert max_by_layerwise_mean([1.0], [1.0]) is False


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        (
            "match_accuracy",
            {"distance": "cosine"},
            "distance: expected one of hamming, jaccard, found 'cosine'",
        ),
        (
            "match_accuracy",
            {"reference_size": "0"},
            "reference_size: expected a whole number of at least 1, or none",
        ),
        ("match_accuracy", {"distanse": "hamming"}, r"found 'distanse' \(did you mean distance\?\)"),
        ("sisc_adherence", {"seed": "x"}, "sisc_adherence: seed: expected a number, found 'x'"),
        ("basis_average", {"sparse": "maybe"}, "sparse: expected true or false, found 'maybe'"),
    ],
)
def test_wrong_parameters(name: str, parameters: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        make_metric(name, parameters)


def test_parameters_are_read_from_text() -> None:
    assert make_metric("match_accuracy", {"reference_size": "none", "seed": "-3"}) == MatchAccuracy(seed=-3)
    assert make_metric("sisc_adherence", {"reference_size": "12"}) == SiscAdherence(reference_size=12)
    assert (
        repr(make_metric("basis_average", {"sparse": "true"}))
        == "BasisAverage(sparse=True, each_epoch=False)"
    )
