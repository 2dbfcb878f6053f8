"""The plan of a replay: which metrics share which pass over the trace, and what each pass reads.

The first pass folds, and gives out the values of metrics that need no fold. The second gives out the
values of those that do, with what their folds came to. Metrics with equal fold keys share all of that.
What is known already isn't done again: each fold, and each metric's values, begin where what is known of them ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from sparsey_trace.metrics.base import RunMetric, SampleMetric, TallyMetric

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sparsey_trace.metrics.base import Metric
    from sparsey_trace.replay.cache.cache import Cache
    from sparsey_trace.replay.cache.folds import KnownFold
    from sparsey_trace.replay.cache.tables import KnownTables


class PlannedFold(NamedTuple):
    """A fold in a pass: a metric that stands for all that share it, and what is known of it."""

    metric: Metric[Any]
    known: KnownFold


class PlannedValues(NamedTuple):
    """A metric's values in a pass, and what is known of its tables."""

    metric: SampleMetric[Any] | TallyMetric[Any]
    known: KnownTables


@dataclass(frozen=True, eq=False, kw_only=True)
class Plan:
    """What is to be done.

    Attributes:
        metrics: all, in the order in which their tables are listed.
        tables: for each of these, what is known of its tables.
        folds: what the first pass folds.
        at_once: whose values it gives out.
        later: whose values the second pass gives out.
    """

    metrics: Sequence[Metric[Any]]
    tables: Sequence[KnownTables]
    folds: Sequence[PlannedFold]
    at_once: Sequence[PlannedValues]
    later: Sequence[PlannedValues]

    @property
    def missing(self) -> list[Metric[Any]]:
        """The metrics whose tables are to be made."""
        return [metric for metric, known in zip(self.metrics, self.tables, strict=True) if not known.whole]


def plan(metrics: Sequence[Metric[Any]], cache: Cache) -> Plan:
    """What is to be done for these metrics, given what is known."""
    ordered = sorted(metrics, key=_rank)
    tables = [cache.tables(metric) for metric in ordered]
    unfinished = [(m, known) for m, known in zip(ordered, tables, strict=True) if not known.whole]
    folds = {metric.fold_key: metric for metric, _ in unfinished if metric.has_fold}
    values = [
        PlannedValues(metric, known)
        for metric, known in unfinished
        if isinstance(metric, (SampleMetric, TallyMetric))
    ]
    return Plan(
        metrics=ordered,
        tables=tables,
        folds=[PlannedFold(metric, cache.fold(metric)) for metric in folds.values()],
        at_once=[one for one in values if not one.metric.has_fold],
        later=[one for one in values if one.metric.has_fold],
    )


def stretches(planned: Sequence[PlannedFold | PlannedValues], samples: int) -> list[tuple[int, int]]:
    """The stretches of samples that a pass has to read, cut where one of its folds or metrics begins."""
    starts = {one.known.samples for one in planned if one.known.samples < samples}
    return list(pairwise([*sorted(starts), samples]))


def _rank(metric: Metric[Any]) -> int:
    """Tables are listed as an analysis from nothing makes them."""
    at_once = isinstance(metric, RunMetric) and not isinstance(metric, TallyMetric)
    return 1 if at_once else 2 * metric.has_fold
