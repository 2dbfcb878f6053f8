"""The analysis of many runs: which of them have changed, and who does the work."""

from __future__ import annotations

import contextlib
import shutil
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sparsey_trace.errors import SparseyTraceError, TraceError, UsageError
from sparsey_trace.replay.cache.private_folder import FOLDER, make_private
from sparsey_trace.replay.choose import choose
from sparsey_trace.replay.dask_hands import done_by
from sparsey_trace.replay.engine.engines import DIED, ENGINES, deaf_to_interrupts, jobs, process_pool
from sparsey_trace.replay.engine.memory import parse_memory
from sparsey_trace.replay.results_folder import lock_folder
from sparsey_trace.runs.analysed import is_current, key_of, read_analysed, summaries_in, work_folder
from sparsey_trace.runs.one_run import OneRun, analyse_one
from sparsey_trace.runs.question import check_question
from sparsey_trace.runs.results_folder import check_runs_folder, tables_in
from sparsey_trace.runs.summary_file import NAME, write_summary
from sparsey_trace.support.progress import progress
from sparsey_trace.support.suggest import unknown
from sparsey_trace.support.writing import writing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from sparsey_trace.metrics.base import Metric
    from sparsey_trace.runs.entry import Entry

LEAST_MEMORY = 384 << 20
"""For each of several processes: below that a run of 364 MACs is refused, or takes many times as long."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """How the work is to be done.

    Attributes:
        n_jobs: how many jobs, from `jobs`.
        engine: one of `ENGINES`.
        client: of a cluster, with the engine `dask`.
        total_memory: in bytes.
        most_pairs: of samples, that a metric of a run may compare.
        most_bytes: of training, that one may keep.
        cache: whether what earlier analyses left is used.
        progress_bar: whether to show progress.
    """

    n_jobs: int
    engine: str
    client: Any
    total_memory: int
    most_pairs: int
    most_bytes: int
    cache: bool
    progress_bar: bool

    @classmethod
    def of(
        cls,
        *,
        n_jobs: int,
        engine: str,
        client: Any,
        total_memory: str | int,
        most_pairs: int,
        most_bytes: str | int,
        cache: bool,
        progress_bar: bool,
    ) -> Work:
        """From the arguments of an analysis.

        Raises:
            UsageError: one of them is wrong.
        """
        if engine not in ENGINES:
            raise UsageError(unknown("engine", engine, ENGINES))
        return cls(
            n_jobs=jobs(n_jobs),
            engine=engine,
            client=client,
            total_memory=parse_memory(total_memory),
            most_pairs=most_pairs,
            most_bytes=parse_memory(most_bytes, name="most_bytes"),
            cache=cache,
            progress_bar=progress_bar,
        )


@dataclass(frozen=True, kw_only=True)
class ManyMetrics:
    """What is asked of every run.

    Attributes:
        metrics: configured for the resolution and the reduction.
        skipped: those that have no such form, and why.
        resolution: as of `analyze`.
        reduction: as of `analyze`.
    """

    metrics: list[Metric[Any]]
    skipped: dict[str, str]
    resolution: str
    reduction: str | None

    @classmethod
    def of(
        cls, metrics: Iterable[str | Metric[Any]] | None, *, resolution: str, reduction: str | None
    ) -> ManyMetrics:
        """From the arguments of an analysis.

        Raises:
            UsageError: one of them is wrong.
        """
        chosen, skipped = choose(metrics, resolution=resolution, reduction=reduction)
        return cls(metrics=chosen, skipped=skipped, resolution=resolution, reduction=reduction)

    @property
    def form(self) -> dict[str, Any]:
        """Resolution and reduction, as arguments."""
        return {"resolution": self.resolution, "reduction": self.reduction}


@contextlib.contextmanager
def taken(folder: Path) -> Iterator[None]:
    """A folder of many runs' results, made if need be, in which no other analysis writes meanwhile.

    Raises:
        OutputError: it holds something else, another analysis is at work in it, or it can't be made.
    """
    check_runs_folder(folder)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        make_private(folder / FOLDER)
    lock = lock_folder(folder)
    try:
        yield
    finally:
        lock.release()


def analyse_all(folder: Path, entries: Sequence[Entry], asked: ManyMetrics, work: Work) -> dict[str, str]:
    """Analyse the runs of which tables are missing or out of date, into a folder that is taken.

    Each run's tables take their places as soon as it is done: what is interrupted goes on from there.

    Returns:
        Run's name to why it couldn't be analysed, where it or a metric is at fault.

    Raises:
        OutputError: results can't be written, or there are such of another form.
        TraceError: not one run could be analysed.
    """
    check_question(folder, asked.metrics, **asked.form)
    keys = [(metric, key_of(metric, **asked.form)) for metric in asked.metrics]
    readable = [entry for entry in entries if entry.is_readable]
    tasks = []
    for entry in readable:
        missing = _missing(folder, entry, keys, work)
        if missing:
            tasks.append(OneRun(folder=folder, entry=entry, metrics=missing, options=asked.form))
    failed: dict[str, str] = {}
    with progress("analysing", unit="runs", shown=work.progress_bar) as show:
        for number, (name, fault) in enumerate(_done(tasks, work), start=1):
            if fault:
                failed[name] = fault
            show(number, len(tasks))
    if len(failed) == len(readable):
        faults = failed or {entry.name: entry.fault for entry in entries}
        name, fault = next(iter(faults.items()))
        msg = f"expected runs that can be analysed, found none among {len(entries):,}; of {name}: {fault}"
        raise TraceError(msg)
    return failed


def _missing(
    folder: Path, entry: Entry, keys: Sequence[tuple[Metric[Any], str | None]], work: Work
) -> list[tuple[Metric[Any], str | None]]:
    if not work.cache:
        return list(keys)
    known = read_analysed(folder, entry.run)
    return [(metric, key) for metric, key in keys if not is_current(folder, entry, metric.name, key, known)]


def _done(tasks: Sequence[OneRun], work: Work) -> Iterator[tuple[str, str]]:
    """Each run's name and fault, as it is done: several at once, each in one process; or one after the other."""
    if work.engine == "dask":
        yield from _on_cluster(tasks, work)
        return
    several = min(work.n_jobs, len(tasks))
    is_parallel = several > 1 and (
        work.engine == "processes" or (work.engine == "auto" and len(tasks) > 2 * several)
    )
    if not is_parallel:
        inside: dict[str, Any] = {
            "n_jobs": work.n_jobs,
            "engine": work.engine,
            "total_memory": work.total_memory,
        }
        for task in tasks:
            yield task.entry.name, analyse_one(_with(task, work, inside))
        return
    inside = {"n_jobs": 1, "total_memory": max(LEAST_MEMORY, work.total_memory // several)}
    pool = process_pool(several)
    try:
        with deaf_to_interrupts():
            found = {pool.submit(analyse_one, _with(task, work, inside)): task.entry.name for task in tasks}
        for future in as_completed(found):
            yield found[future], future.result()
    except BrokenProcessPool as error:
        raise SparseyTraceError(DIED) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _on_cluster(tasks: Sequence[OneRun], work: Work) -> Iterator[tuple[str, str]]:
    """Each run's name and fault, as the workers of a cluster have done it, each in one process."""
    inside = {"n_jobs": 1, "total_memory": work.total_memory}
    elsewhere = [replace(task, folder=task.folder.absolute()) for task in tasks]
    given = [(_with(task, work, inside),) for task in elsewhere]
    for place, fault in done_by(work.client, analyse_one, given):
        yield tasks[place].entry.name, fault


def _with(task: OneRun, work: Work, inside: dict[str, Any]) -> OneRun:
    limits = {"most_pairs": work.most_pairs, "most_bytes": work.most_bytes}
    options = task.options | inside | limits | {"cache": work.cache}
    return OneRun(folder=task.folder, entry=task.entry, metrics=task.metrics, options=options)


def forget_superseded(folder: Path, entries: Sequence[Entry]) -> None:
    """Remove the tables of runs that live on in others: with a file more they have another id.

    Raises:
        OutputError: they can't be removed.
    """
    gone = {entry.run for entry in entries}
    with writing(folder):
        for runs in tables_in(folder).values():
            for run in gone & runs.keys():
                shutil.rmtree(runs[run].parent)
        for run in gone:
            shutil.rmtree(work_folder(folder, run), ignore_errors=True)


def keep_summaries(folder: Path, entries: Sequence[Entry]) -> None:
    """Write what the runs of a folder came to.

    Raises:
        OutputError: it can't be written.
    """
    found = summaries_in(folder, entries)
    write_summary(folder / NAME, [(entry, found[entry.run]) for entry in entries if entry.run in found])
