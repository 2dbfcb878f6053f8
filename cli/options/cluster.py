"""A cluster that is named on the command line."""

import contextlib
from collections.abc import Iterator
from typing import Any

from sparsey_trace.errors import UsageError

_PATIENCE = "10s"
"""How long a scheduler is waited for."""


@contextlib.contextmanager
def cluster(engine: str, scheduler: str | None) -> Iterator[Any]:
    """A client of the cluster, with the engine `dask`; else None.

    Raises:
        UsageError: one of the two options is given without the other, or nobody answers there.
    """
    if (engine == "dask") is not (scheduler is not None):
        one, other = ("--engine dask", "--scheduler ADDRESS")
        expected, found = (other, one) if engine == "dask" else (one, "--scheduler")
        msg = f"{found}: expected {expected} with it, found none"
        raise UsageError(msg)
    if scheduler is None:
        yield None
        return
    from sparsey_trace.support.extras import require

    require("distributed", what="engine 'dask'", extra="dask")
    from distributed import Client

    try:
        client = Client(scheduler, timeout=_PATIENCE)
    except (OSError, ValueError) as error:
        found = " ".join(f"{scheduler}: {error}".split())
        msg = f"--scheduler: expected the address of a dask scheduler, such as tcp://host:8786, found {found}"
        raise UsageError(msg) from error
    with client:
        yield client
