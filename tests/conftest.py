"""What all tests need."""

from __future__ import annotations

import signal

from tests.faults import SELDOM, times

# A shell starts what it runs in the background deaf to Ctrl-C, which tests send to their children.
signal.signal(signal.SIGINT, signal.default_int_handler)

# CI has twenty minutes for everything.
collect_ignore = [] if times(0, 1) else SELDOM
