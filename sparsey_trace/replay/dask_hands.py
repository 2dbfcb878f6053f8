"""Who makes the calls of a job on a cluster: the workers of a dask client that the user has."""

from __future__ import annotations

import contextlib
import secrets
from typing import TYPE_CHECKING, Any

from sparsey_trace.errors import SparseyTraceError, UsageError
from sparsey_trace.replay.partitioned.site import leave
from sparsey_trace.support.extras import require

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sparsey_trace.replay.partitioned.job import Job


class OnDask:
    """Calls on the workers of a dask client.

    What a worker that dies was at is done by another one, and what it has finished is there. States and rows go through
    files; only names and small numbers come here.

    Args:
        client: a `distributed.Client`.
    """

    def __init__(self, client: Any) -> None:
        """Send nothing yet."""
        self._client = client

    def each(
        self, call: Callable[..., Any], job: Job, arguments: Sequence[tuple[Any, ...]]
    ) -> Iterator[tuple[int, Any]]:
        """Make a call for each of these; yield the places and results as they are done, in any order.

        Raises:
            SparseyTraceError: so many workers died at one call that it is given up.
        """
        yield from done_by(self._client, call, [(job, *given) for given in arguments])

    def close(self, job: Job) -> None:
        """Have the workers close what they opened; the client stays the user's."""
        leave(job)
        with contextlib.suppress(Exception):
            self._client.run(leave, job, on_error="ignore")


def done_by(
    client: Any, call: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]
) -> Iterator[tuple[int, Any]]:
    """Have workers make a call for each of these; yield the places and results as they are done, in any order.

    Raises:
        SparseyTraceError: so many workers died at one call that it is given up.
    """
    import distributed

    turn = secrets.token_hex(8)
    futures = {
        client.submit(call, *given, key=f"sparsey-trace {call.__name__}-{turn}-{place}", pure=False): place
        for place, given in enumerate(arguments)
    }
    try:
        for future in distributed.as_completed(list(futures)):
            yield futures[future], future.result()
    except distributed.KilledWorker as error:
        msg = (
            f"dask: expected workers that live until the work is done, found that several died at one call "
            f"({error.task}); give them more memory, or take a smaller partition_size"
        )
        raise SparseyTraceError(msg) from error
    finally:
        with contextlib.suppress(Exception):
            client.cancel(list(futures))


def check_client(engine: str, client: Any, out: Any) -> None:
    """See that the engine `dask` has a client and a folder, and that others have no client.

    Raises:
        UsageError: one is missing, or too many; or distributed isn't installed.
    """
    if engine != "dask":
        if client is not None:
            msg = f"client: expected engine='dask' with it, found {engine!r}"
            raise UsageError(msg)
        return
    require("distributed", what="engine 'dask'", extra="dask")
    from distributed import Client

    if not isinstance(client, Client):
        msg = (
            "client: expected a distributed.Client for engine='dask', such as Client('tcp://host:8786'), on the "
            "command line --scheduler ADDRESS, "
            f"found {type(client).__name__}"
        )
        raise UsageError(msg)
    if out is None:
        msg = "out: expected a folder that all workers of the cluster see, found none"
        raise UsageError(msg)
