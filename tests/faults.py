"""How often the tests of failures try: seldom in `make test`, often in `make faults`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

T = TypeVar("T")

SELDOM = [
    "cli/output/test_streams.py",
    "recording/model/test_compile.py",
    "recording/test_failing_disk.py",
    "recording/test_failing_writes.py",
    "recording/test_notebook.py",
    "recording/test_processes.py",
    "test_installed_plugins.py",
    "trace/writing/test_power.py",
]
"""Below this folder: what takes longest, and is tried by `make faults` only."""


def times(short: int, full: int) -> int:
    """How many tries a test makes."""
    return full if os.environ.get("SPARSEY_TRACE_FAULTS") == "full" else short


def unless_dear(every: Iterable[T], dear: Collection[T]) -> list[T]:
    """The cases of a test; those that take long only where time is no matter."""
    return [case for case in every if case not in dear or times(0, 1)]
