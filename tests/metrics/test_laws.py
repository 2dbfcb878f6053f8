"""The laws hold for every metric, however a run is cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sparsey_trace.metrics import (
    BasisAverage,
    BasisSetSize,
    BasisSetSizeIncrease,
    FeatureCoverage,
    MatchAccuracy,
    Metric,
    NumActivations,
    SiscAdherence,
)
from sparsey_trace.metrics import sisc_adherence as sisc
from sparsey_trace.metrics.registry import metric_classes
from sparsey_trace.testing import check_metric_laws, runs, split

if TYPE_CHECKING:
    from sparsey_trace.layout import Chunk

METRICS = [
    NumActivations(),
    BasisSetSize(),
    BasisSetSizeIncrease(),
    FeatureCoverage(),
    MatchAccuracy(),
    MatchAccuracy(distance="jaccard", similarity="jaccard", repeated="first"),
    MatchAccuracy(reference_size=2, seed=3),
    BasisAverage(),
    BasisAverage(sparse=True, each_epoch=True),
    SiscAdherence(),
    SiscAdherence(reference_size=3, seed=-1),
]


def test_every_metric_is_here() -> None:
    assert {metric.name for metric in METRICS} == set(metric_classes())


@pytest.mark.parametrize("metric", METRICS, ids=repr)
@given(run=runs(), data=st.data())
@settings(max_examples=60, deadline=None)
def test_laws(metric: Metric, run: Chunk, data: st.DataObject) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(run)), max_size=5).map(sorted))
    check_metric_laws(metric, split(run, cuts))


@given(run=runs(), data=st.data())
@settings(max_examples=60, deadline=None)
def test_laws_where_the_default_begins_to_draw(run: Chunk, data: st.DataObject) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(run)), max_size=5).map(sorted))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sisc, "EXACT_UP_TO", 6)
        patch.setattr(sisc, "DRAWN_BEYOND", 4)
        check_metric_laws(SiscAdherence(), split(run, cuts))


class Forgetful(BasisSetSize):
    """Breaks the law: a merge that forgets the earlier state."""

    def merge(self, earlier, later):  # type: ignore[no-untyped-def]
        return later

    def update(self, state, chunk):  # type: ignore[no-untyped-def]
        return super().merge(state, super().update(self.init(chunk.layout), chunk))


@given(run=runs())
@settings(max_examples=20, deadline=None)
def test_a_broken_law_is_found(run: Chunk) -> None:
    trained = np.flatnonzero(run.is_train & run.active[0].any(axis=1))
    assume(len(trained) > 0 and trained[0] + 1 < len(run))
    with pytest.raises(AssertionError, match="expected what the whole run gives, bit for bit"):
        check_metric_laws(Forgetful(), split(run, [int(trained[0]) + 1]))
