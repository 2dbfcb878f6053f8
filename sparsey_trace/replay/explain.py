"""`explain`: what an analysis would do, and why, without doing it."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sparsey_trace.errors import said_by_url
from sparsey_trace.replay.cache.cache import Cache
from sparsey_trace.replay.choose import asked
from sparsey_trace.replay.engine.engines import make_engine
from sparsey_trace.replay.engine.memory import expected_bytes, parse_memory
from sparsey_trace.replay.kept_bytes import MOST_BYTES, bytes_of
from sparsey_trace.replay.pairs import MOST_PAIRS, in_core_hours, pairs_of
from sparsey_trace.replay.partitioned.partitions import PARTITION_SIZE, check_partition_size, partitions_of
from sparsey_trace.replay.plan import plan, stretches
from sparsey_trace.replay.results_folder import check_folder
from sparsey_trace.replay.results_place import results_at
from sparsey_trace.support.user_path import url_named, user_path

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Sequence

    from sparsey_trace.metrics.base import Metric
    from sparsey_trace.replay.choose import Asked
    from sparsey_trace.replay.plan import Plan, PlannedFold, PlannedValues
    from sparsey_trace.trace.reading.sources import Source
    from sparsey_trace.trace.reading.trace import Trace


@dataclass(frozen=True, kw_only=True)
class PlanItem:
    """A metric's tables; or, in a pass, a fold or a metric's values.

    Attributes:
        metrics: the metric; of a fold, all that share it.
        known: how many samples' values are known already, from the first.
        why: why not all are, in words; empty where they are.
    """

    metrics: tuple[str, ...]
    known: int
    why: str

    def __str__(self) -> str:
        """In a line."""
        named = ", ".join(self.metrics)
        if not self.why:
            return f"{named}: from the cache"
        return f"{named}: {f'from sample {self.known:,} on' if self.known else 'computed'}, as {self.why}"


@dataclass(frozen=True, kw_only=True)
class PassPlan:
    """A pass over the trace.

    Attributes:
        samples: how many of the trace's samples it reads.
        reads: which of `active`, `codes` and `inputs`.
        folds: what it folds.
        values: whose values it gives out.
    """

    samples: int
    reads: tuple[str, ...]
    folds: tuple[PlanItem, ...]
    values: tuple[PlanItem, ...]


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """What an analysis would do.

    Attributes:
        trace: the trace's path.
        samples: how many it has.
        folder: where the tables would go; None for a temporary folder.
        tables: by metric, what is known of its tables.
        skipped: the metrics that can't be computed, and why.
        passes: over the trace, in order; none where all tables are known.
        engine: who would do the work.
        jobs: how many (threads; processes with engine `processes`).
        chunk_size: how many samples would be worked on at once in each.
        pairs: by metric, how many pairs of samples it would compare at most: fewer where inputs come back.
        most_pairs: more than so many would be refused.
        kept_bytes: by metric, how many bytes of training it would keep at most: fewer where inputs come back.
        most_bytes: more than so many would be refused.
        partitions: how many the trace has, each of which makes a part of a table.
        memory: about how many bytes that takes in all, beside the states of folds and copies of these.
    """

    trace: str
    samples: int
    folder: str | None
    tables: tuple[PlanItem, ...]
    skipped: dict[str, str]
    passes: tuple[PassPlan, ...]
    engine: str
    jobs: int
    chunk_size: int
    pairs: dict[str, int]
    most_pairs: int
    kept_bytes: dict[str, int]
    most_bytes: int
    partitions: int
    memory: int

    def __str__(self) -> str:
        """For a person to read."""
        lines = [f"{self.trace}: {self.samples:,} samples, tables in {self.folder or 'a temporary folder'}"]
        lines += [f"  {item}" for item in self.tables]
        lines += [f"  {name}: skipped, {why}" for name, why in self.skipped.items()]
        for number, one in enumerate(self.passes, start=1):
            lines.append(
                f"pass {number}: {one.samples:,} samples, reads {', '.join(one.reads) or 'steps only'}"
            )
            lines += [f"  fold of {item}" for item in one.folds]
            lines += [
                f"  rows of {name} from sample {item.known:,} on"
                for item in one.values
                for name in item.metrics
            ]
        for name, pairs in self.pairs.items():
            refused = f", refused as more than {self.most_pairs:,} (most_pairs): give it reference_size=N"
            hours = f", about {in_core_hours(pairs)}" if in_core_hours(pairs) else ""
            line = f"  {name}: up to {pairs:,} pairs of samples{hours}"
            lines.append(line + (refused if pairs > self.most_pairs else ""))
        for name, kept in self.kept_bytes.items():
            refused = f", refused as more than {self.most_bytes:,} (most_bytes): give it reference_size=N"
            line = f"  {name}: keeps up to {kept:,} bytes of training"
            lines.append(line + (refused if kept > self.most_bytes else ""))
        if not self.passes:
            return "\n".join([*lines, "no pass: nothing is to be computed"])
        memory = f"about {self.memory / 2**20:,.0f} MiB, beside the states of folds"
        several = f"{self.partitions:,} partitions, " if self.partitions > 1 else ""
        work = f"{several}engine {self.engine}, n_jobs {self.jobs}, {self.chunk_size:,} samples at once"
        return "\n".join([*lines, f"{work}: {memory}"])


def explain(
    source: Source | Trace,
    *,
    metrics: Iterable[str | Metric[Any]] | None = None,
    resolution: str = "step",
    reduction: str | None = None,
    out: str | os.PathLike[str] | None = None,
    n_jobs: int = 1,
    engine: str = "auto",
    chunk_size: int | None = None,
    total_memory: str | int = "1G",
    most_pairs: int = MOST_PAIRS,
    most_bytes: str | int = MOST_BYTES,
    partition_size: int | None = PARTITION_SIZE,
    cache: bool = True,
) -> Explanation:
    """What `analyze` would do with the same arguments: nothing is computed, nothing is written.

    Which metrics share which pass, what each pass reads, what comes from the cache, what is computed and
    why, and the memory that it takes.

    Args:
        source: as of `analyze`, and so are all others.
        metrics: which.
        resolution: over which samples values are taken together.
        reduction: over which MACs and layers.
        out: the folder of the tables.
        n_jobs: how many jobs (threads; processes with engine='processes').
        engine: who does the work.
        chunk_size: how many samples are worked on at once.
        total_memory: what they may take together.
        most_pairs: what would be refused.
        most_bytes: what would be refused.
        partition_size: of the trace's partitions.
        cache: whether what earlier analyses left in `out` is used.

    Raises:
        UsageError: an unknown metric, parameter, resolution, reduction or engine.
        TraceError: no trace, a damaged or an empty one, or none of the metrics can be computed.
        OutputError: `out` holds something else.
    """
    question: dict[str, Any] = {"resolution": resolution, "reduction": reduction}
    budget: dict[str, Any] = {"n_jobs": n_jobs, "chunk_size": chunk_size, "total_memory": total_memory}
    check_partition_size(partition_size)
    with asked(
        source, metrics=metrics, **question, **budget, engine=engine, partition_size=partition_size
    ) as found:
        with contextlib.closing(make_engine(engine, found.jobs)) as work:
            name = type(work).__name__.removesuffix("Engine").lower()
        url = "" if out is None else url_named(out)
        folder = None if out is None else results_at(url) if url else user_path(out)
        if folder is not None:
            check_folder(folder, found.trace)
        parts = len(partitions_of(found.trace, partition_size))
        name = "dask" if engine == "dask" and parts > 1 else name
        size = partition_size if parts > 1 else None
        used = cache and folder is not None
        known = Cache(folder or Path(), found.trace, **question, used=used, partition_size=size)
        return _explained(
            found, plan(found.metrics, known), url or folder, name, most_pairs, most_bytes, parts
        )


def _explained(
    found: Asked,
    todo: Plan,
    folder: str | Path | None,
    engine: str,
    most_pairs: int,
    most_bytes: str | int,
    partitions: int,
) -> Explanation:
    trace = found.trace
    passes = [_pass(todo, todo.folds, todo.at_once, len(trace)), _pass(todo, [], todo.later, len(trace))]
    return Explanation(
        trace=said_by_url(str(trace.path)),
        samples=len(trace),
        folder=None if folder is None else str(folder),
        tables=tuple(
            PlanItem(metrics=(metric.name,), known=known.samples, why=known.why)
            for metric, known in zip(todo.metrics, todo.tables, strict=True)
        ),
        skipped=found.skipped,
        passes=tuple(one for one in passes if one.samples),
        engine=engine,
        jobs=found.jobs,
        chunk_size=found.chunk_size,
        pairs=pairs_of(todo, trace),
        most_pairs=most_pairs,
        kept_bytes=bytes_of(todo, trace),
        most_bytes=parse_memory(most_bytes, name="most_bytes"),
        partitions=partitions,
        memory=expected_bytes(trace, found.fields, found.chunk_size, found.jobs, found.processes, found.rows),
    )


def _pass(
    todo: Plan, folds: Sequence[PlannedFold], values: Sequence[PlannedValues], samples: int
) -> PassPlan:
    read = stretches([*folds, *values], samples)
    fields = [item.metric.requires for item in folds if item.known.samples < samples]
    fields += [item.metric.values_require for item in values]
    return PassPlan(
        samples=samples - read[0][0] if read else 0,
        reads=tuple(sorted(frozenset().union(*fields))),
        folds=tuple(
            PlanItem(metrics=_sharing(todo, item), known=item.known.samples, why=item.known.why)
            for item in folds
        ),
        values=tuple(
            PlanItem(metrics=(item.metric.name,), known=item.known.samples, why=item.known.why)
            for item in values
        ),
    )


def _sharing(todo: Plan, fold: PlannedFold) -> tuple[str, ...]:
    key = fold.metric.fold_key
    return tuple(metric.name for metric in todo.missing if metric.has_fold and metric.fold_key == key)
