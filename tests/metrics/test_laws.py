"""The laws hold for every metric, however a run is cut."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsey_trace.metrics import (
    BasisAverage,
    BasisSet,
    BasisSetSize,
    BasisSetSizeIncrease,
    CodeUsage,
    FeatureCoverage,
    LabelInformation,
    LayerValue,
    MatchAccuracy,
    Metric,
    NumActivations,
    SiscAdherence,
    SiscCurve,
    drawn_samples,
)
from sparsey_trace.metrics.folding import spill
from sparsey_trace.metrics.registry import metric_classes
from sparsey_trace.testing import check_metric_laws, runs, split
from tests.faults import times

if TYPE_CHECKING:
    from sparsey_trace.chunk import Chunk

METRICS = [
    NumActivations(),
    BasisSetSize(),
    BasisSetSizeIncrease(),
    FeatureCoverage(),
    MatchAccuracy(),
    MatchAccuracy(distance="jaccard", similarity="jaccard", repeated="first"),
    MatchAccuracy(reference_size=2, seed=3),
    MatchAccuracy(exact=True, reference_size=2),
    BasisAverage(),
    BasisAverage(sparse=True, each_epoch=True),
    SiscAdherence(),
    SiscAdherence(reference_size=3, seed=-1),
    CodeUsage(),
    CodeUsage(each_epoch=False),
    BasisSet(),
    BasisSet(top=2),
    LabelInformation(seed=3),
    SiscCurve(),
    SiscCurve(reference_size=3),
    LayerValue(of="familiarity"),
    LayerValue(of="familiarity", silent="count"),
]


def test_every_metric_is_here() -> None:
    assert {metric.name for metric in METRICS} == set(metric_classes())


@pytest.mark.parametrize("metric", METRICS, ids=repr)
@given(data=st.data())
@settings(max_examples=times(7, 60), deadline=None)
def test_laws(metric: Metric, data: st.DataObject) -> None:
    run = data.draw(runs(values=("familiarity",) if isinstance(metric, LayerValue) else ()))
    cuts = data.draw(st.lists(st.integers(0, len(run)), max_size=5).map(sorted))
    check_metric_laws(metric, split(run, cuts))


@pytest.mark.parametrize(
    ("metric", "where", "bounds"),
    [
        (SiscAdherence(), drawn_samples, {"EXACT_UP_TO": 6, "DRAWN_BEYOND": 4}),
        (SiscAdherence(), drawn_samples, {"_PAIRS": 3}),
        (SiscCurve(), drawn_samples, {"EXACT_UP_TO": 6, "DRAWN_BEYOND": 4, "_PAIRS": 3}),
        (BasisSetSize(), spill, {"IN_MEMORY": 0}),
        (BasisSet(), spill, {"IN_MEMORY": 0}),
    ],
    ids=[
        "the default begins to draw",
        "blocks are small",
        "both",
        "codes lie in files",
        "counts lie in files",
    ],
)
@given(run=runs(), data=st.data())
@settings(max_examples=times(7, 60), deadline=None)
def test_laws_beyond_bounds_that_generated_runs_do_not_reach(
    metric: Metric, where: Any, bounds: dict[str, int], run: Chunk, data: st.DataObject
) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(run)), max_size=5).map(sorted))
    with pytest.MonkeyPatch.context() as patch:
        for name, bound in bounds.items():
            patch.setattr(where, name, bound)
        check_metric_laws(metric, split(run, cuts))
