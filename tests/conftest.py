"""What all tests need."""

from __future__ import annotations

import signal

# A shell starts what it runs in the background deaf to Ctrl-C, which tests send to their children.
signal.signal(signal.SIGINT, signal.default_int_handler)
