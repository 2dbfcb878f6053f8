"""What all tests need."""

from __future__ import annotations

import os
import signal

# A shell starts what it runs in the background deaf to Ctrl-C, which tests send to their children.
signal.signal(signal.SIGINT, signal.default_int_handler)

# CI has twenty minutes for everything: what takes longest is tried by `make faults` only.
collect_ignore = (
    []
    if os.environ.get("SPARSEY_TRACE_FAULTS") == "full"
    else [
        "cli/output/test_streams.py",
        "recording/model/test_compile.py",
        "recording/test_failing_disk.py",
        "recording/test_failing_writes.py",
        "recording/test_processes.py",
        "test_installed_plugins.py",
        "trace/writing/test_power.py",
    ]
)
