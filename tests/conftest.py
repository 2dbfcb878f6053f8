"""What all tests need."""

from __future__ import annotations

import gc
import signal
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.faults import SELDOM, times
from tests.fork_server import ForkServer, shared_server

if TYPE_CHECKING:
    from collections.abc import Generator

# A shell starts what it runs in the background deaf to Ctrl-C, which tests send to their children.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Where a test says nothing else.
settings.register_profile("drawn", max_examples=times(30, 100))
settings.load_profile("drawn")

# CI has twenty minutes for everything.
collect_ignore = [] if times(0, 1) else SELDOM


@pytest.hookimpl(wrapper=True)
def pytest_collect_file() -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
    """Look for examples in the docstrings of the package only: going through the tests' takes a second or two."""
    found = yield
    return [node for node in found if type(node) is pytest.Module]


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
