"""Waking a thread that waits, in a way that Ctrl-C can't break."""

from __future__ import annotations

import threading


class Bell:
    """Wakes the one thread that waits for it.

    `threading.Condition` and `Event` are Python, in which Ctrl-C may come between the taking of a lock and the block
    that gives it back: the lock stays taken for ever. A lock by itself is not.

    >>> bell = Bell()
    >>> bell.ring()
    >>> bell.wait(0), bell.wait(0)
    (True, False)
    """

    def __init__(self) -> None:
        """It hasn't rung."""
        self._lock = threading.Lock()
        self._lock.acquire()

    def ring(self) -> None:
        """Wake who waits, or will; ringing again before that does nothing. By one thread at a time."""
        if self._lock.locked():
            self._lock.release()

    def wait(self, seconds: float) -> bool:
        """Wait until it rings, or so long; whether it rang."""
        return self._lock.acquire(timeout=seconds)
