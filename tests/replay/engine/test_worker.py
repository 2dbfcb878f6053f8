"""What the metrics of a task share."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from sparsey_trace.metrics.match_accuracy import MatchAccuracy
from sparsey_trace.metrics.num_activations import NumActivations
from sparsey_trace.metrics.sisc_adherence import SiscAdherence
from sparsey_trace.metrics.sisc_curve import SiscCurve
from sparsey_trace.replay.engine.task import Task
from sparsey_trace.replay.engine.worker import memos_of

if TYPE_CHECKING:
    from sparsey_trace.trace.reading.open_trace import Snapshot


def test_metrics_that_share_a_fold_look_up_what_they_compare_with_once() -> None:
    giving = (
        SiscAdherence(),
        SiscCurve(),
        MatchAccuracy(),
        MatchAccuracy(distance="jaccard"),
        MatchAccuracy(reference_size=5),
        NumActivations(),
    )
    memos = memos_of(Task(trace=cast("Snapshot", None), resolution="step", reduction=None, giving=giving))
    assert memos[0] is memos[1]
    assert memos[2] is memos[3]
    assert len({id(memo) for memo in memos}) == 4
