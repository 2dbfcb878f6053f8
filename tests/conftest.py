"""What all tests need."""

from __future__ import annotations

import gc
import signal

import pytest
from hypothesis import settings

from tests.faults import SELDOM, times
from tests.fork_server import ForkServer, shared_server

# A shell starts what it runs in the background deaf to Ctrl-C, which tests send to their children.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Where a test says nothing else.
settings.register_profile("drawn", max_examples=times(30, 100))
settings.load_profile("drawn")

# CI has twenty minutes for everything.
collect_ignore = [] if times(0, 1) else SELDOM


def pytest_collection_finish() -> None:
    """Keep what was imported out of all that looks through objects, as the search for garbage and for compiled models.

    With all tests collected, each call of `record` took a tenth of a second longer.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def fork_server() -> ForkServer:
    """Starts interpreters that have torch and the package already."""
    return shared_server()


def pytest_unconfigure() -> None:
    """End it, if a test asked for it."""
    if shared_server.cache_info().currsize:
        shared_server().close()
