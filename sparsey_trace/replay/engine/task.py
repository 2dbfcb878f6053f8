"""A task: what is done with each chunk of a stretch of the trace."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sparsey_trace.metrics.base import Metric, SampleMetric
    from sparsey_trace.trace.reading.open_trace import Snapshot


@dataclass(frozen=True, kw_only=True)
class Task:
    """What is done with each chunk of a stretch of the trace; pickled for other processes.

    Attributes:
        trace: the trace, and how many of its samples there are to replay.
        resolution: see docs/metrics.md.
        reduction: see docs/metrics.md.
        folds: one metric for each fold that is made.
        sample_metrics: metrics that give out values.
        results: for each of `sample_metrics`, what its fold came to; None where it has none.
    """

    trace: Snapshot
    resolution: str
    reduction: str | None
    folds: tuple[Metric[Any], ...] = ()
    sample_metrics: tuple[SampleMetric[Any], ...] = ()
    results: tuple[Any, ...] = field(default=(), repr=False)
