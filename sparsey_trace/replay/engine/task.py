"""A reading of the trace, and what is done with each of its chunks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sparsey_trace.metrics.base import Metric, SampleMetric
    from sparsey_trace.trace.reading.open_trace import Snapshot


@dataclass(frozen=True, kw_only=True)
class Pass:
    """One reading of the trace, or of a stretch of it.

    Attributes:
        trace: the trace, and how many of its samples there are to replay.
        resolution: see docs/metrics.md.
        reduction: see docs/metrics.md.
        folds: one metric for each fold that is made.
        rows: metrics whose rows are given out.
        results: for each of `rows`, what its fold came to; None where it has none.
    """

    trace: Snapshot
    resolution: str
    reduction: str | None
    folds: tuple[Metric[Any], ...] = ()
    rows: tuple[SampleMetric[Any], ...] = ()
    results: tuple[Any, ...] = field(default=(), repr=False)
