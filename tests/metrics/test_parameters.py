"""Parameters read from text."""

from __future__ import annotations

import pytest

from sparsey_trace.errors import UsageError
from sparsey_trace.metrics import MatchAccuracy, SiscAdherence, make_metric


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
