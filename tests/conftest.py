"""What all tests need."""

from __future__ import annotations

import gc
import signal

from tests.faults import SELDOM, times

# A shell starts what it runs in the background deaf to Ctrl-C, which tests send to their children.
signal.signal(signal.SIGINT, signal.default_int_handler)

# CI has twenty minutes for everything.
collect_ignore = [] if times(0, 1) else SELDOM


def pytest_collection_finish() -> None:
    """Keep what was imported out of all that looks through objects, as the search for garbage and for compiled models.

    With all tests collected, each call of `record` took a tenth of a second longer.
    """
    gc.collect()
    gc.freeze()
