"""The bytes of a file on this machine's disks, and a bound to how many descriptors that takes for many files."""

from __future__ import annotations

import os
import threading
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_MOST_OPEN = 40
"""Descriptors that stay open, of all files together; a system may allow as few as 256 to a process."""


class LocalFile:
    """A file that is open, as far as anybody can tell.

    While too many others are in use its descriptor is closed, and opened again when it is needed.

    Args:
        path: where it is.
        descriptor: of the open file, which passes to this one.
    """

    def __init__(self, path: str, descriptor: int) -> None:
        """See the class."""
        # Whole: the working folder may be another by then.
        self._path, status = os.path.abspath(path), os.fstat(descriptor)  # noqa: PTH100 - links are not followed
        self._identity = status.st_dev, status.st_ino
        self._key = _pool.add(descriptor)
        self._finalizer = weakref.finalize(self, _pool.remove, self._key)

    def read(self, address: int, count: int) -> bytes:
        """See `ByteSource`."""
        descriptor = _pool.lend(self._key, self._open_again)
        try:
            return os.pread(descriptor, count, address)
        finally:
            _pool.give_back(self._key)

    version = ""
    """See `ByteSource`."""

    def prefetch(self, needed: Sequence[tuple[int, int]], ahead: Sequence[tuple[int, int]] = ()) -> None:
        """See `ByteSource`: the system reads ahead by itself."""

    def status(self) -> os.stat_result:
        """See `ByteSource`."""
        descriptor = _pool.lend(self._key, self._open_again)
        try:
            return os.fstat(descriptor)
        finally:
            _pool.give_back(self._key)

    def close(self) -> None:
        """See `ByteSource`."""
        self._finalizer()

    def _open_again(self) -> int:
        descriptor = os.open(self._path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        status = os.fstat(descriptor)
        if (status.st_dev, status.st_ino) != self._identity:
            os.close(descriptor)
            msg = "another file in its place; open the trace anew"
            raise OSError(msg)
        return descriptor


class _Pool:
    """Open descriptors, those in front used longest ago, and how many threads use each just now."""

    def __init__(self) -> None:
        self.renew_lock()
        self._open: dict[int, int] = {}
        self._users: dict[int, int] = {}
        self._removed: set[int] = set()
        self._next = 0

    def renew_lock(self) -> None:
        """Let go of a lock that another thread of a forked child's parent held."""
        # Taken twice where what isn't needed any more is collected meanwhile.
        self._lock = threading.RLock()

    def add(self, descriptor: int) -> int:
        """Take in the descriptor of a file; the key under which the file is known from then on."""
        with self._lock:
            self._next += 1
            key = self._next
            self._open[key], self._users[key] = descriptor, 0
            self._close_some()
            return key

    def lend(self, key: int, open_again: Callable[[], int]) -> int:
        """A file's descriptor, which stays open until it is given back."""
        with self._lock:
            if key not in self._users or key in self._removed:
                msg = "a file that was closed"
                raise OSError(msg)
            descriptor = self._open.pop(key, None)
            self._open[key] = open_again() if descriptor is None else descriptor
            self._users[key] += 1
            self._close_some()
            return self._open[key]

    def give_back(self, key: int) -> None:
        """Say that a thread is done with it."""
        with self._lock:
            self._users[key] -= 1
            if key in self._removed:
                self.remove(key)

    def remove(self, key: int) -> None:
        """Forget a file, once no thread uses it."""
        with self._lock:
            if self._users[key]:
                self._removed.add(key)
                return
            del self._users[key]
            self._removed.discard(key)
            if key in self._open:
                os.close(self._open.pop(key))

    def _close_some(self) -> None:
        for key in list(self._open) if len(self._open) > _MOST_OPEN else []:
            if len(self._open) > _MOST_OPEN and not self._users[key]:
                os.close(self._open.pop(key))


_pool = _Pool()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.renew_lock)
