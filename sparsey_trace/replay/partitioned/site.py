"""What the calls of a job share within one process: the open trace, and what its folds came to."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from sparsey_trace.errors import SparseyTraceError
from sparsey_trace.replay.cache.code_version import our_code
from sparsey_trace.replay.engine.metric_errors import blaming
from sparsey_trace.replay.engine.task import Task
from sparsey_trace.replay.engine.worker import SharedTrace, Worker, memos_of
from sparsey_trace.replay.partitioned.job import Span
from sparsey_trace.replay.partitioned.states import has_state, missing, read_state
from sparsey_trace.support.own_files import is_folder_itself

if TYPE_CHECKING:
    from sparsey_trace.layout import Layout
    from sparsey_trace.replay.partitioned.job import Job, Unit
    from sparsey_trace.trace.reading.trace import Trace

_MOST = 2
"""Jobs that a process keeps open at once: of two users of a cluster neither waits for the other."""


class Site:
    """A job in one process.

    Args:
        job: the job.

    Raises:
        SparseyTraceError: another version of the program is installed here.
        TraceError: the trace can't be seen from here, or isn't what it was; or the job's folder can't.
    """

    def __init__(self, job: Job) -> None:
        """Open the trace."""
        if (found := our_code()) != job.code:
            msg = f"expected every worker to have the same sparsey-trace ({job.code[:8]}), found another ({found[:8]})"
            raise SparseyTraceError(msg)
        if not is_folder_itself(job.folder):
            raise SparseyTraceError(missing(job, job.folder))
        self.job = job
        self._source = SharedTrace(Task(trace=job.trace, **job.question))
        # Taken twice: who is first makes what others wait for.
        self._lock = threading.RLock()
        self._results: dict[int, Any] = {}
        self._workers: dict[tuple[tuple[int, ...], tuple[int, ...]], tuple[Task, Worker]] = {}

    @property
    def trace(self) -> Trace:
        """The open trace."""
        return self._source.trace

    @property
    def layout(self) -> Layout:
        """Its layout."""
        return self._source.trace.layout

    def result(self, fold: int | None) -> Any:
        """What a fold came to over all of the trace; None where there is none."""
        if fold is None:
            return None
        with self._lock:
            if fold not in self._results:
                metric, everything = self.job.folds[fold].metric, Span(0, self.job.trace.samples)
                state = read_state(self.job, fold, everything, self.layout)
                with blaming(metric, "finalize"):
                    self._results[fold] = metric.finalize(state, self.layout)
            return self._results[fold]

    def working(self, unit: Unit) -> tuple[Task, Worker]:
        """What is done with the chunks of a unit, and who does it here; the same for all units without excerpts."""
        if any(has_state(self.job, fold, unit.span, is_excerpt=True) for fold in self.job.folds_for(unit)):
            return self._made(unit)
        with self._lock:
            key = unit.folds, unit.giving
            if key not in self._workers:
                self._workers[key] = self._made(unit)
            return self._workers[key]

    def _made(self, unit: Unit) -> tuple[Task, Worker]:
        giving = tuple(self.job.giving[one] for one in unit.giving)
        task = Task(
            trace=self.job.trace,
            **self.job.question,
            folds=tuple(self.job.folds[fold].metric for fold in unit.folds),
            giving=giving,
            results=tuple(self._result_for(unit.span, self.job.fold_of(metric)) for metric in giving),
        )
        return task, Worker(task, self._source, memos_of(task))

    def _result_for(self, span: Span, fold: int | None) -> Any:
        """What a stretch needs of what a fold came to; all where nothing less was left for it."""
        if fold is None or not has_state(self.job, fold, span, is_excerpt=True):
            return self.result(fold)
        metric = self.job.folds[fold].metric
        state = read_state(self.job, fold, span, self.layout, is_excerpt=True)
        with blaming(metric, "finalize"):
            return metric.finalize(state, self.layout)

    def close(self) -> None:
        """Close the trace."""
        self._source.close()


_sites: dict[tuple[str, str], Site] = {}
_lock = threading.Lock()


def site_of(job: Job) -> Site:
    """The job in this process, which is opened once.

    Raises:
        SparseyTraceError: see `Site`.
    """
    key = str(job.folder), job.secret
    with _lock:
        if key not in _sites:
            for old in list(_sites)[: len(_sites) + 1 - _MOST]:
                del _sites[old]
            _sites[key] = Site(job)
        return _sites[key]


def leave(job: Job) -> None:
    """Close what the calls of a job have opened in this process; none is at work any more."""
    with _lock:
        site = _sites.pop((str(job.folder), job.secret), None)
    if site is not None:
        site.close()
