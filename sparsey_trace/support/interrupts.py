"""Ctrl-C where it must wait."""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_ENDS = (signal.SIGINT, signal.SIGTERM)
"""What is sent to end a program, and may be made an exception by its handler."""


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Let Ctrl-C wait until the block has ended, so that what it makes is known to whoever clears it away.

    So does SIGTERM where a handler takes it. For short blocks. Python delivers signals to the main thread only;
    elsewhere there is nothing to do.
    """
    before: dict[int, Any] = {
        number: handler for number in _ENDS if callable(handler := signal.getsignal(number))
    }
    if threading.current_thread() is not threading.main_thread() or not before:
        yield
        return
    waiting: list[tuple[int, Any]] = []
    try:
        for number in before:
            signal.signal(number, lambda *signalled: waiting.append(signalled))
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for signalled in waiting[:1]:
            before[signalled[0]](*signalled)
