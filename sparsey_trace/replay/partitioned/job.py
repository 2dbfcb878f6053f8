"""A job: the replay of a trace partition by partition, cut into calls that any process can make in any order.

What comes of a call stands in a file of the job's folder, under a name that the call alone decides. So whoever makes
the calls passes nothing on but names; a call that is made once more finds its file; and a job that was interrupted, or
whose worker died, goes on.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from sparsey_trace.metrics.base import SampleMetric
from sparsey_trace.tables.manifest import PARTED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sparsey_trace.metrics.base import Metric, RunMetric, TallyMetric
    from sparsey_trace.replay.partitioned.partitions import Partition
    from sparsey_trace.trace.reading.open_trace import Snapshot


class Span(NamedTuple):
    """Samples from one to before another."""

    start: int
    stop: int


@dataclass(frozen=True, kw_only=True)
class Fold:
    """A fold of a job.

    Attributes:
        metric: one that stands for all that share it.
        known: of how many samples an earlier analysis has left its state.
    """

    metric: Metric[Any]
    known: int = 0


@dataclass(frozen=True, kw_only=True)
class Unit:
    """A call's share of a pass: a stretch within one partition.

    Attributes:
        partition: its number.
        span: the samples.
        folds: what is folded, by its place among the job's folds.
        giving: whose values, or tallies, are given out, by their places among those of the job.
    """

    partition: int
    span: Span
    folds: tuple[int, ...] = ()
    giving: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Job:
    """All that a call needs to know; it pickles.

    Attributes:
        trace: the trace, as long as it is replayed.
        folder: in which calls leave what comes of them.
        results: the folder of the tables, with what earlier analyses left.
        resolution: see docs/metrics.md.
        reduction: see docs/metrics.md.
        folds: the folds.
        giving: the metrics that give out values, or tallies.
        tables: the metrics whose tables are made of their folds alone.
        chunk_size: how many samples are worked on at once.
        partition_size: as in the provenance of tables in parts; None where none lie in parts.
        code: a digest of the program, which whoever makes a call has to have as well.
        secret: in the name of files that only this very analysis may read again; empty where there are to be none.
    """

    trace: Snapshot
    folder: Path
    results: Path
    resolution: str
    reduction: str | None
    folds: tuple[Fold, ...]
    giving: tuple[SampleMetric[Any] | TallyMetric[Any], ...]
    tables: tuple[RunMetric[Any], ...]
    chunk_size: int
    partition_size: int | None
    code: str
    secret: str = ""

    @property
    def question(self) -> dict[str, Any]:
        """Resolution and reduction, as arguments."""
        return {"resolution": self.resolution, "reduction": self.reduction}

    def fold_of(self, metric: Metric[Any]) -> int | None:
        """Which fold a metric leans on; None where it has none."""
        keys = [fold.metric.fold_key for fold in self.folds]
        return keys.index(metric.fold_key) if metric.has_fold else None

    def folds_for(self, unit: Unit) -> set[int]:
        """Which folds what a unit gives out leans on."""
        folds = (self.fold_of(self.giving[one]) for one in unit.giving)
        return {fold for fold in folds if fold is not None}

    def is_parted(self, metric: Metric[Any]) -> bool:
        """Whether a metric's tables lie in parts."""
        return (
            self.partition_size is not None and isinstance(metric, SampleMetric) and self.resolution in PARTED
        )

    def state_path(self, fold: int, span: Span, *, is_excerpt: bool = False) -> Path:
        """Where the state of a fold over a stretch is; or what that stretch needs of the run's state."""
        return self.folder / f"{fold}-{span.start}-{span.stop}.{'excerpt' if is_excerpt else 'state'}"

    def values_path(self, metric: Metric[Any], partition: int) -> Path:
        """Where it stands what a metric gave out for a partition, beside its rows."""
        return self.folder / f"{metric.name}-{partition:05}.values"

    def rows_path(self, table: str, partition: int) -> Path:
        """Where a partition's rows of a table are before the table is put together."""
        return self.folder / f"{table}-{partition:05}.parquet"


def units_of(
    partitions: Sequence[Partition], folds: dict[int, int], giving: dict[int, int], *, samples: int
) -> list[Unit]:
    """What a pass does, partition by partition.

    Those that begin at the same sample are worked on together, so that what they read is read once.

    Args:
        partitions: of the trace.
        folds: which folds, and from which sample on.
        giving: whose values, and from the beginning of which partition on.
        samples: how many the trace has.
    """
    units = []
    for start in sorted({*folds.values(), *giving.values()}):
        for partition in partitions:
            span = Span(max(start, partition.start), partition.stop)
            if start < samples and span.start < span.stop:
                units.append(
                    Unit(
                        partition=partition.number,
                        span=span,
                        folds=tuple(fold for fold, begin in folds.items() if begin == start),
                        giving=tuple(one for one, begin in giving.items() if begin == start),
                    )
                )
    return units


def merges_of(spans: Sequence[Span]) -> list[list[tuple[Span, Span]]]:
    """How the states of neighbouring stretches become one: level by level, pairs that don't wait for each other.

    >>> merges_of([Span(0, 2), Span(2, 4), Span(4, 5)])[1]
    [(Span(start=0, stop=4), Span(start=4, stop=5))]
    """
    levels = []
    while len(spans) > 1:
        pairs = [(spans[at], spans[at + 1]) for at in range(0, len(spans) - 1, 2)]
        levels.append(pairs)
        joined = [Span(earlier.start, later.stop) for earlier, later in pairs]
        spans = [*joined, *spans[2 * len(pairs) :]]
    return levels


def spans_of(fold: Fold, partitions: Sequence[Partition]) -> list[Span]:
    """The neighbouring stretches of which there are states of a fold, what was known of it first."""
    ends = [0, fold.known, *(partition.stop for partition in partitions if partition.stop > fold.known)]
    return [Span(*ends) for ends in pairwise(sorted(set(ends)))]


def name_of(**about: Any) -> str:
    """A name for what is the same only where all of this is."""
    return blake2b(json.dumps(about, sort_keys=True, default=repr).encode(), digest_size=12).hexdigest()
