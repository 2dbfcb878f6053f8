"""Engines: who does the chunks of a task. They differ in nothing else; results come in order."""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import os
import pickle
import signal
import tempfile
import threading
from collections import deque
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from sparsey_trace.errors import SparseyTraceError, UsageError
from sparsey_trace.replay.engine.lanes import AT_ONCE, Lanes
from sparsey_trace.replay.engine.memory import keep_what_is_freed
from sparsey_trace.replay.engine.rows import chunks_ahead
from sparsey_trace.replay.engine.worker import Done, SharedTrace, Worker, memos_of, work_from_file
from sparsey_trace.support.one_blas_thread import one_blas_thread
from sparsey_trace.support.suggest import unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sparsey_trace.replay.engine.task import Task

ENGINES = ("auto", "serial", "threads", "processes", "dask")

DIED = (
    "processes: expected them to live until the work was done, found one dead; in a script, put the call under "
    "`if __name__ == '__main__':`, or give it more memory, or use n_jobs=1"
)
"""What is said where a process is no more."""


class Engine(Protocol):
    """Does tasks.

    Attributes:
        lanes: for what is to be done, in order, with what comes of the chunks.
    """

    lanes: Lanes

    def run(self, task: Task, spans: Sequence[tuple[int, int]]) -> Iterator[Done]:
        """Do every chunk; yield what came of each, in order."""

    def close(self) -> None:
        """Let go of whatever it holds."""


class SerialEngine:
    """One chunk after the other, in this process."""

    def __init__(self) -> None:
        """Open no trace before there is work."""
        self._source: SharedTrace | None = None
        self.lanes = AT_ONCE

    def run(self, task: Task, spans: Sequence[tuple[int, int]]) -> Iterator[Done]:
        """Do every chunk; yield what came of each, in order."""
        self._source = self._source or SharedTrace(task)
        with one_blas_thread():
            yield from map(Worker(task, self._source, memos_of(task)), spans)

    def close(self) -> None:
        """Close the trace."""
        if self._source is not None:
            self._source.close()


class ThreadsEngine:
    """Chunks in several threads: what takes long is compiled, or in libraries, and runs at the same time there."""

    def __init__(self, threads: int) -> None:
        """Start no thread and open no trace before there is work."""
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="sparsey-trace replay")
        self._source: SharedTrace | None = None
        self.lanes = Lanes(self._pool)

    def run(self, task: Task, spans: Sequence[tuple[int, int]]) -> Iterator[Done]:
        """Do every chunk; yield what came of each, in order."""
        self._source = self._source or SharedTrace(task)
        work = Worker(task, self._source, memos_of(task))
        with one_blas_thread():
            yield from _in_order(
                lambda span: self._pool.submit(work, span),
                spans,
                chunks_ahead(task.resolution, self._threads),
            )

    def close(self) -> None:
        """End the threads and close the trace."""
        self.lanes.stop()
        self._pool.shutdown(wait=True, cancel_futures=True)
        if self._source is not None:
            self._source.close()


class ProcessesEngine:
    """Chunks in several new processes, so many at a time that memory stays bounded."""

    def __init__(self, processes: int) -> None:
        """Start no process before there is work."""
        self._processes = processes
        self._folder = tempfile.TemporaryDirectory(prefix="sparsey-trace-")
        self._pool = process_pool(processes)
        self._threads = ThreadPoolExecutor(processes, thread_name_prefix="sparsey-trace replay")
        self.lanes = Lanes(self._threads)

    def run(self, task: Task, spans: Sequence[tuple[int, int]]) -> Iterator[Done]:
        """Do every chunk; yield what came of each, in order.

        Raises:
            SparseyTraceError: a process died.
        """
        path = Path(self._folder.name) / f"{id(task)}.task"
        with path.open("wb") as stream:
            pickle.dump(task, stream, protocol=pickle.HIGHEST_PROTOCOL)

        def submit(span: tuple[int, int]) -> Future[Done]:
            # This may start a process.
            with deaf_to_interrupts():
                return self._pool.submit(work_from_file, path, span)

        try:
            yield from _in_order(submit, spans, chunks_ahead(task.resolution, self._processes))
        except BrokenProcessPool as error:
            raise SparseyTraceError(DIED) from error

    def close(self) -> None:
        """End the processes."""
        self.lanes.stop()
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._folder.cleanup()


def process_pool(processes: int) -> ProcessPoolExecutor:
    """New processes for replays, none of which is started before there is work; they end with this one.

    Spawned, not forked: a fork copies the locks of HDF5 and of torch's threads as they stand. Give them work while
    `deaf_to_interrupts`.
    """
    return ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn"), initializer=_begin)


def make_engine(name: str, workers: int) -> Engine:
    """An engine by its name.

    Args:
        name: `serial`, `threads`, `processes`, or `auto`: threads where there is more than one job. With `dask` a trace
            of one partition, which isn't worth sending, is done as with `serial`.
        workers: how many, from `jobs`.

    Raises:
        UsageError: there is no such engine.
    """
    check_engine(name)
    if name == "processes":
        return ProcessesEngine(workers)
    if name in ("serial", "dask") or (name == "auto" and workers == 1):
        return SerialEngine()
    return ThreadsEngine(workers)


def processes_of(name: str, workers: int) -> int:
    """In how many processes an engine of so many workers works, with the one that drives it."""
    return workers + 1 if name == "processes" else 1


def check_engine(name: str) -> None:
    """See that there is an engine of a name.

    Raises:
        UsageError: there is none.
    """
    if name not in ENGINES:
        raise UsageError(unknown("engine", name, ENGINES))


def jobs(n_jobs: int) -> int:
    """How many threads, or processes, `n_jobs` stands for.

    Raises:
        UsageError: it is neither -1 nor at least 1.
    """
    if n_jobs == -1:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if n_jobs < 1:
        msg = f"n_jobs: expected -1 (one for each core) or at least 1, found {n_jobs}"
        raise UsageError(msg)
    return n_jobs


def _in_order(
    submit: Callable[[tuple[int, int]], Future[Done]], spans: Sequence[tuple[int, int]], ahead: int
) -> Iterator[Done]:
    """Have the chunks done, so many ahead of what is taken."""
    futures = deque(submit(span) for span in spans[:ahead])
    waiting = iter(spans[len(futures) :])
    while futures:
        done = futures.popleft().result()
        futures.extend(submit(span) for span in itertools.islice(waiting, 1))
        yield done


@contextlib.contextmanager
def deaf_to_interrupts() -> Iterator[None]:
    """Processes that are started here leave Ctrl-C to their parent, and so print no tracebacks."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin() -> None:
    from threadpoolctl import threadpool_limits

    keep_what_is_freed()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # The processes are the parallelism: more threads than cores slow each other down.
    threadpool_limits(1)


def _end_with_parent() -> None:
    """Without this, processes whose parent was killed wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
