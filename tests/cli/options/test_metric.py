"""Metrics as they are written on the command line."""

from __future__ import annotations

import pytest

import sparsey_trace as st
from sparsey_trace.cli.options.metric import parse_metric
from sparsey_trace.errors import UsageError


def test_parse_metric() -> None:
    assert parse_metric("match_accuracy:distance=jaccard,reference_size=none") == st.metrics.MatchAccuracy(
        distance="jaccard"
    )
    for text in ("", ":", "match_accuracy:", "match_accuracy:seed=", "match_accuracy:seed=1,"):
        with pytest.raises(UsageError, match="--metric: expected NAME or NAME:key=value"):
            parse_metric(text)
    with pytest.raises(UsageError, match="--metric: expected each parameter once, found 'match_accuracy:"):
        parse_metric("match_accuracy:seed=1,seed=2")
