"""A bucket of S3 on this machine, where moto and s3fs are installed; they are too large for `dev`."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import fsspec
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def bucket(name: str) -> Iterator[Any]:
    """The store, with an empty bucket; fsspec finds it as `s3://` meanwhile."""
    moto, s3fs = pytest.importorskip("moto.server"), pytest.importorskip("s3fs")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = moto.ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    options = {"endpoint_url": f"http://{host}:{port}", "key": "key", "secret": "secret"}
    try:
        with patch.dict(fsspec.config.conf, {"s3": options}):
            store = s3fs.S3FileSystem(**options)
            store.mkdir(name)
            yield store
            # What moto keeps lasts as long as the process.
            store.rm(name, recursive=True)
    finally:
        server.stop()


@contextlib.contextmanager
def in_memory() -> Iterator[Any]:
    """The store `memory://`, empty after."""
    store = fsspec.filesystem("memory")
    try:
        yield store
    finally:
        store.store.clear()
        store.pseudo_dirs[:] = [""]
