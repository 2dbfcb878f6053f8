"""What all tests need."""

from __future__ import annotations

import gc
import os
import signal
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import engine

from tests.faults import SELDOM, times
from tests.fork_server import ForkServer, shared_server

if TYPE_CHECKING:
    from collections.abc import Generator

# A shell starts what it runs in the background deaf to Ctrl-C, which tests send to their children.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Where a test says nothing else. That a machine is busy is no fault of what is tested.
settings.register_profile(
    "drawn",
    max_examples=times(30, 100),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
settings.load_profile("drawn")

# A failure is told with the smallest example that is found in this time, which no setting bounds. In the five minutes
# that each may take otherwise four that have one cause would cost continuous integration all that it has.
engine.MAX_SHRINKING_SECONDS = times(30, 300)

# CI has twenty minutes for everything.
collect_ignore = [] if times(0, 1) else SELDOM


@pytest.hookimpl(wrapper=True)
def pytest_collect_file() -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
    """Look for examples in the docstrings of the package only: going through the tests' takes a second or two."""
    found = yield
    return [node for node in found if type(node) is pytest.Module]


# Where nothing is compiled yet, that takes most of the time until the first test. Workers that went the same way
# would all compile the same at the same time; so each reads what the other has compiled.
_FROM_BEHIND = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 2 == 1


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Let every second worker go through the folders from behind."""
    found = yield
    if _FROM_BEHIND and isinstance(collector, pytest.Session | pytest.Directory):
        found.result.reverse()
    return found


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put tests into the order that all workers have to agree on."""
    items.sort(key=lambda item: item.path)


def pytest_collection_finish() -> None:
    """Begin without what was imported."""
    leave_out_what_stays()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None]:
    """Go on without what the tests of a file have imported and kept."""
    yield
    if nextitem is not None and nextitem.path != item.path:
        leave_out_what_stays()


def leave_out_what_stays() -> None:
    """Keep it out of all that looks through objects, as the search for garbage and for compiled models.

    With all tests collected, each call of `record` took a tenth of a second longer; with half of them done, two tenths
    more.
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
