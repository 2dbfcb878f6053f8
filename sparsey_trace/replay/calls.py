"""The calls that a job is cut into. Each can be made in any process, and made again; see `job`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sparsey_trace.errors import TraceError
from sparsey_trace.metrics.base import RunMetric, SampleMetric, TallyMetric
from sparsey_trace.replay.cache.folds import keep_fold, known_fold
from sparsey_trace.replay.cache.sealed_files import Unsealed, read_sealed
from sparsey_trace.replay.cache.store import Store
from sparsey_trace.replay.chance import chance_from
from sparsey_trace.replay.engine.lanes import AT_ONCE
from sparsey_trace.replay.engine.metric_errors import blaming
from sparsey_trace.replay.outputs import Outputs
from sparsey_trace.replay.partitioned.job import Span
from sparsey_trace.replay.partitioned.piece import TYPES, Piece, is_there
from sparsey_trace.replay.partitioned.site import site_of
from sparsey_trace.replay.partitioned.states import has_state, missing, read_state, size_of_state, write_state

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sparsey_trace.metrics.base import Metric
    from sparsey_trace.replay.engine.engines import Engine
    from sparsey_trace.replay.partitioned.job import Job, Unit


_MOST_TIMES = 16
"""How much of the disk excerpts may take: of a thousand stretches each may need all inputs seen before it."""


def do_unit(job: Job, unit: Unit, engine: Engine | None = None) -> int:
    """Fold a unit's samples, and give out their values.

    Args:
        job: the job.
        unit: its unit.
        engine: does the chunks; by default this thread, one after the other.

    Returns:
        How many samples were read.
    """
    start, stop = unit.span
    if not is_there(job, unit):
        site = site_of(job)
        task, worker = site.working(unit)
        chunks = [Span(at, min(at + job.chunk_size, stop)) for at in range(start, stop, job.chunk_size)]
        lanes = AT_ONCE if engine is None else engine.lanes
        with Piece(job, unit, site.trace, lanes) as piece:
            for done in map(worker, chunks) if engine is None else engine.run(task, chunks):
                piece.add(done)
    return stop - start


def take_known(job: Job, fold: int) -> None:
    """Take on what an earlier analysis has kept of a fold."""
    site, one = site_of(job), job.folds[fold]
    if has_state(job, fold, Span(0, one.known)):
        return
    known = known_fold(Store(job.results, site.trace), one.metric, site.trace)
    if known.samples != one.known:
        msg = (
            f"{job.results}: expected what an earlier analysis kept of {one.metric.name}, found "
            "it changed; begin anew"
        )
        raise TraceError(msg)
    write_state(job, fold, Span(0, one.known), known.state)


def merge_states(job: Job, fold: int, earlier: Span, later: Span) -> None:
    """Make one state of those of two neighbouring stretches."""
    both = Span(earlier.start, later.stop)
    if has_state(job, fold, both):
        return
    layout, metric = site_of(job).layout, job.folds[fold].metric
    states = [read_state(job, fold, span, layout) for span in (earlier, later)]
    with blaming(metric, "merge"):
        state = metric.merge(*states)
    write_state(job, fold, both, state)


def make_excerpts(job: Job, fold: int, spans: Sequence[Span]) -> None:
    """Leave for each stretch what it needs of a fold's state, where the metric has an excerpt of it.

    In all these take `_MOST_TIMES` what the state does at most; stretches that find none take the state itself.
    """
    everything = Span(0, job.trace.samples)
    left = _MOST_TIMES * size_of_state(job, fold, everything)
    state, metric = read_state(job, fold, everything, site_of(job).layout), job.folds[fold].metric
    for span in spans:
        with blaming(metric, "excerpt"):
            excerpt = metric.excerpt(state, *span)
        if excerpt is not state and left > 0:
            write_state(job, fold, span, excerpt, is_excerpt=True)
            left -= size_of_state(job, fold, span, is_excerpt=True)


def keep_state(job: Job, fold: int, content: dict[str, Any] | None) -> None:
    """Keep what a fold came to for later analyses.

    Args:
        job: the job.
        fold: its fold.
        content: what the trace held, as `Store` tells it.

    Raises:
        OSError: it can't be written.
    """
    trace, samples = site_of(job).trace, job.trace.samples
    store = Store(job.results, trace, content=content)
    state = read_state(job, fold, Span(0, samples), trace.layout)
    keep_fold(store, job.folds[fold].metric, trace, state)


def notes_of(job: Job, metric: Metric[Any]) -> dict[str, Any]:
    """What a reader of a metric's table should know; see `Metric.notes`."""
    result = site_of(job).result(job.fold_of(metric))
    with blaming(metric, "notes"):
        return metric.notes(result)


def write_table(job: Job, metric: RunMetric[Any], partitions: Sequence[int] = ()) -> None:
    """Write the table of a metric that makes it itself, into the job's folder.

    Args:
        job: the job.
        metric: one of its metrics.
        partitions: those whose counts make it up, where it counts.
    """
    site, fold = site_of(job), job.fold_of(metric)
    if (job.folder / f"{metric.name}.parquet").exists():
        return
    outputs = Outputs(job.folder, site.trace, **job.question)
    try:
        if isinstance(metric, TallyMetric):
            outputs.begin(metric, site.result(fold), {})
            for number in partitions:
                outputs.take(metric, tally_of(job, metric, number))
        else:
            everything = Span(0, job.trace.samples)
            state = None if fold is None else read_state(job, fold, everything, site.layout)
            with blaming(metric, "finalize"):
                outputs.write(metric, metric.parts(state, site.layout))
        outputs.finish(chance_from(site.trace, None))
        outputs.publish()
    finally:
        outputs.discard()


def chance_of(job: Job, metric: SampleMetric[Any], epoch: int) -> dict[str, list[float]]:
    """By name, what eval samples of an epoch would score by chance, layer by layer; see `Chances`."""
    chance = chance_from(site_of(job).trace, None)
    return {name: found.tolist() for name, found in chance(metric, epoch).items()}


def tally_of(job: Job, metric: TallyMetric[Any], partition: int) -> Any:
    """What a metric counted in a partition."""
    return read_values(job, job.values_path(metric, partition))[1]


def read_values(job: Job, path: Path) -> tuple[dict[str, Any], Any]:
    """What a metric gave out for a partition, and what is said of its rows.

    Raises:
        TraceError: it isn't there, or not as it was written.
    """
    try:
        return read_sealed(path, TYPES)
    except FileNotFoundError as error:
        raise TraceError(missing(job, path)) from error
    except Unsealed as fault:
        msg = f"{path}: expected what another process left there, found {fault}; remove {job.folder}, and begin anew"
        raise TraceError(msg) from fault
