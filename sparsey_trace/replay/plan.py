"""The plan of a replay: which metrics share which pass over the trace, and what each pass reads.

The first pass folds, and gives out the rows of metrics that need no fold. The second gives out the
rows of those that do, with what their folds came to. Metrics with equal fold keys share all of that.
What is known already isn't done again: each part of a pass begins where what is known of it ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from sparsey_trace.metrics.base import RunMetric, SampleMetric

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sparsey_trace.metrics.base import Metric
    from sparsey_trace.replay.cache.cache import Cache
    from sparsey_trace.replay.cache.folds import KnownFold
    from sparsey_trace.replay.cache.tables import KnownTables


class FoldPart(NamedTuple):
    """A fold in a pass: a metric that stands for all that share it, and what is known of it."""

    metric: Metric[Any]
    known: KnownFold


class RowsPart(NamedTuple):
    """A metric's rows in a pass, and what is known of its tables."""

    metric: SampleMetric[Any]
    known: KnownTables


@dataclass(frozen=True, eq=False, kw_only=True)
class Plan:
    """What is to be done.

    Attributes:
        metrics: all, in the order in which their tables are listed.
        tables: for each of these, what is known of its tables.
        folds: what the first pass folds.
        at_once: whose rows it gives out.
        later: whose rows the second pass gives out.
    """

    metrics: Sequence[Metric[Any]]
    tables: Sequence[KnownTables]
    folds: Sequence[FoldPart]
    at_once: Sequence[RowsPart]
    later: Sequence[RowsPart]

    @property
    def missing(self) -> list[Metric[Any]]:
        """The metrics whose tables are to be made."""
        return [metric for metric, known in zip(self.metrics, self.tables, strict=True) if not known.whole]


def plan(metrics: Sequence[Metric[Any]], cache: Cache) -> Plan:
    """What is to be done for these metrics, given what is known."""
    ordered = sorted(metrics, key=_place)
    tables = [cache.tables(metric) for metric in ordered]
    open_ones = [(m, known) for m, known in zip(ordered, tables, strict=True) if not known.whole]
    folds = {metric.fold_key: metric for metric, _ in open_ones if metric.has_fold}
    rows = [RowsPart(metric, known) for metric, known in open_ones if isinstance(metric, SampleMetric)]
    return Plan(
        metrics=ordered,
        tables=tables,
        folds=[FoldPart(metric, cache.fold(metric)) for metric in folds.values()],
        at_once=[part for part in rows if not part.metric.has_fold],
        later=[part for part in rows if part.metric.has_fold],
    )


def stretches(parts: Sequence[FoldPart | RowsPart], samples: int) -> list[tuple[int, int]]:
    """Where a pass has to read, cut where parts of it begin."""
    starts = {part.known.samples for part in parts if part.known.samples < samples}
    return list(pairwise([*sorted(starts), samples]))


def _place(metric: Metric[Any]) -> int:
    """Tables are listed as an analysis from nothing makes them."""
    return 1 if isinstance(metric, RunMetric) else 2 * metric.has_fold
