"""The plan of a replay: which metrics share which pass over the trace, and what each pass reads.

The first pass folds, and gives out the rows of metrics that need no fold. The second gives out the
rows of those that do, with what their folds came to. Metrics with equal fold keys share all of that.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sparsey_trace.metrics.base import SampleMetric

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sparsey_trace.metrics.base import Metric
    from sparsey_trace.trace.reader import Trace


@dataclass(frozen=True, kw_only=True)
class Pass:
    """One reading of the trace.

    Attributes:
        paths: the trace's files.
        trace: its id.
        samples: how many of its samples are replayed.
        resolution: see docs/metrics.md.
        reduction: see docs/metrics.md.
        folds: one metric for each fold that is made.
        rows: metrics whose rows are given out.
        results: for each of `rows`, what its fold came to; None where it has none.
    """

    paths: tuple[Path, ...]
    trace: str
    samples: int
    resolution: str
    reduction: str | None
    folds: tuple[Metric[Any], ...] = ()
    rows: tuple[SampleMetric[Any], ...] = ()
    results: tuple[Any, ...] = field(default=(), repr=False)


def plan(
    metrics: Sequence[Metric[Any]], trace: Trace, *, resolution: str, reduction: str | None
) -> tuple[Pass, list[SampleMetric[Any]]]:
    """The first pass, and the metrics that wait for the second."""
    folds = {metric.fold_key: metric for metric in metrics if metric.has_fold}
    by_sample = [metric for metric in metrics if isinstance(metric, SampleMetric)]
    at_once = tuple(metric for metric in by_sample if not metric.has_fold)
    first = Pass(
        paths=trace.paths,
        trace=trace.id,
        samples=len(trace),
        resolution=resolution,
        reduction=reduction,
        folds=tuple(folds.values()),
        rows=at_once,
        results=(None,) * len(at_once),
    )
    return first, [metric for metric in by_sample if metric.has_fold]
