"""Clusters of dask on this machine."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from distributed import Client


@contextlib.contextmanager
def a_cluster(workers: int, *, processes: bool) -> Iterator[Client]:
    """So many workers of one thread, each in a process of its own or all in this one; other clusters may be up."""
    import distributed

    size = {"n_workers": workers, "threads_per_worker": 1, "processes": processes}
    with (
        distributed.LocalCluster(**size, dashboard_address="127.0.0.1:0") as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client
