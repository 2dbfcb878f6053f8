"""Who makes the calls of a job: this process, others on this machine, or a cluster."""

from __future__ import annotations

import contextlib
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from concurrent.futures.thread import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol

from sparsey_trace.errors import SparseyTraceError
from sparsey_trace.replay.calls import do_unit
from sparsey_trace.replay.dask_hands import OnDask
from sparsey_trace.replay.engine.engines import (
    DIED,
    SerialEngine,
    deaf_to_interrupts,
    make_engine,
    process_pool,
)
from sparsey_trace.replay.partitioned.site import leave
from sparsey_trace.support.one_blas_thread import one_blas_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Executor

    from sparsey_trace.replay.partitioned.job import Job


class Hands(Protocol):
    """Make the calls of a job."""

    def each(
        self, call: Callable[..., Any], job: Job, arguments: Sequence[tuple[Any, ...]]
    ) -> Iterator[tuple[int, Any]]:
        """Make a call for each of these; yield the places and results as they are done, in any order."""

    def close(self, job: Job) -> None:
        """Let go of whatever was opened for a job."""


class OneAfterTheOther:
    """One call after the other, in this process; the chunks of each by an engine.

    Args:
        engine: the engine's name.
        jobs: how many it has.
    """

    def __init__(self, engine: str, jobs: int) -> None:
        """See the class."""
        made = make_engine(engine, jobs)
        # A unit does its chunks one after the other anyway.
        self._engine = None if isinstance(made, SerialEngine) else made

    def each(
        self, call: Callable[..., Any], job: Job, arguments: Sequence[tuple[Any, ...]]
    ) -> Iterator[tuple[int, Any]]:
        """Make a call for each of these; yield the places and results, in order."""
        more = (self._engine,) if call is do_unit else ()
        with one_blas_thread():
            for place, given in enumerate(arguments):
                yield place, call(job, *given, *more)

    def close(self, job: Job) -> None:
        """End the engine and close the trace."""
        if self._engine is not None:
            self._engine.close()
        leave(job)


class AtOnce:
    """Several calls at once, each in a thread, or in a process.

    Args:
        engine: `threads` or `processes`.
        jobs: how many.
    """

    def __init__(self, engine: str, jobs: int) -> None:
        """Start nothing before there is work."""
        self._pool: Executor = (
            process_pool(jobs)
            if engine == "processes"
            else ThreadPoolExecutor(jobs, thread_name_prefix="sparsey-trace replay")
        )

    def each(
        self, call: Callable[..., Any], job: Job, arguments: Sequence[tuple[Any, ...]]
    ) -> Iterator[tuple[int, Any]]:
        """Make a call for each of these; yield the places and results as they are done, in any order.

        Raises:
            SparseyTraceError: a process died.
        """
        try:
            with one_blas_thread():
                with deaf_to_interrupts():
                    futures = {
                        self._pool.submit(call, job, *given): place for place, given in enumerate(arguments)
                    }
                for future in as_completed(futures):
                    yield futures[future], future.result()
        except BrokenProcessPool as error:
            raise SparseyTraceError(DIED) from error

    def close(self, job: Job) -> None:
        """End the threads or processes, and close the trace."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        leave(job)


def make_hands(engine: str, jobs: int, partitions: int, client: Any = None) -> Hands:
    """Who makes the calls: as many partitions at once as there are jobs, where these are enough to keep all busy.

    Args:
        engine: an engine's name.
        jobs: how many.
        partitions: how many there are to be worked on.
        client: of dask, with that engine.

    Raises:
        UsageError: there is no such engine.
    """
    if engine == "dask":
        return OnDask(client)
    several = "threads" if engine == "auto" else engine
    if jobs > 1 and partitions >= 2 * jobs and several in ("threads", "processes"):
        return AtOnce(several, jobs)
    return OneAfterTheOther(engine, jobs)


def all_of(
    hands: Hands, call: Callable[..., Any], job: Job, arguments: Sequence[tuple[Any, ...]]
) -> list[Any]:
    """What calls come to, in the order of their arguments."""
    found = [None] * len(arguments)
    with contextlib.closing(iter(hands.each(call, job, arguments))) as done:  # type: ignore[type-var]
        for place, result in done:
            found[place] = result
    return found
