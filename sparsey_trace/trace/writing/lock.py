"""One writer a path: a lock file beside it that says who writes.

The lock itself is the operating system's (`flock`), which lets go of it when its process dies, however
that happens; the host and pid in the file are for the message. Where a file system has no locks, they
have to do alone.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
import time
import warnings
import weakref
from dataclasses import asdict, dataclass
from pathlib import Path

from sparsey_trace.errors import TraceError
from sparsey_trace.support.own_files import beginning, is_unfinished, open_itself, why_not_made
from sparsey_trace.trace.paths import lock_path

try:
    import fcntl
except ImportError:  # pragma: no cover - not a POSIX system
    fcntl = None  # type: ignore[assignment]

_PATIENCE = 20
"""How often a lock that was just taken is asked for a name."""

_SIGNATURE = b'{"host":'
"""How a lock file begins; an empty one was made, and not written yet."""

_LONGEST = 4096
"""Bytes of a lock file that are read."""

_NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL})


@dataclass(frozen=True, kw_only=True)
class Holder:
    """Who holds a lock.

    Attributes:
        host: the machine's name.
        pid: the process.
        started: when that process started, in the units of the system's clock; empty where unknown. A
            later process may get the same pid.
    """

    host: str
    pid: int
    started: str = ""

    @property
    def is_dead(self) -> bool:
        """Whether it is known to be: it ran on this machine, and runs no more."""
        if self.host != socket.gethostname():
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        now = _started(self.pid)
        return now == "" or (self.started not in ("", now))

    def __str__(self) -> str:
        """In words."""
        if (self.host, self.pid) == (socket.gethostname(), os.getpid()):
            return f"this process (pid {self.pid})"
        return f"process {self.pid} on {self.host}"


class WriterLock:
    """The right to write to a path, held until it is released or the process ends.

    Attributes:
        path: what may be written to.
    """

    def __init__(self, path: Path, handle: int) -> None:
        """Made by `acquire`."""
        self.path, self._handle = path, handle
        _held.add(self)

    @classmethod
    def acquire(cls, path: Path) -> WriterLock:
        """Take the lock at once, or not at all; one that a dead process left is taken over.

        Raises:
            TraceError: another process, or this one, writes to the path; the message names it. Or the
                lock file can't be made, or something else has its name.
        """
        while True:
            try:
                handle = open_itself(lock_path(path), os.O_RDWR | os.O_CREAT)
            except OSError as error:
                raise TraceError(_no_file(path, error)) from error
            try:
                _lock(handle, path)
            except BaseException:
                os.close(handle)
                raise
            lock = cls(path, handle)
            try:
                _write_holder(handle)
                if _is_current(handle, path):
                    return lock
            except OSError as error:
                lock.release()
                raise TraceError(_no_file(path, error)) from error
            except BaseException:
                lock.release()
                raise
            lock.forget()

    def release(self) -> None:
        """Let go and remove the lock file; doing so again does nothing."""
        if self._handle >= 0:
            # While it is still locked: whoever gets the lock meanwhile sees that the file is gone.
            with contextlib.suppress(OSError):
                if _is_current(self._handle, self.path):
                    lock_path(self.path).unlink()
            self.forget()

    def forget(self) -> None:
        """Close this process's hold on the file, as a forked child does with its parent's."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


def holder_of(path: Path) -> Holder | None:
    """Who holds, or last held, the lock of a path; None where nobody left a name."""
    found = beginning(lock_path(path), _LONGEST)
    return None if found is None else _parsed(found)


def is_lock_file(path: Path) -> bool:
    """Whether a file is one that a lock was held by, going by what is in it."""
    return is_unfinished(path, _SIGNATURE)


def has_no_writer(path: Path) -> bool:
    """Whether nobody writes a trace any more, as far as can be told: a writer on another machine counts as alive."""
    holder = holder_of(path) or holder_of(path.resolve())
    return holder is None or holder.is_dead


_held: weakref.WeakSet[WriterLock] = weakref.WeakSet()


def _forget_all() -> None:
    """What a forked child does: with its copy of the file, it would hold the lock longer than its parent."""
    for lock in list(_held):
        lock.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)


def _lock(handle: int, path: Path) -> None:
    try:
        if fcntl is None:
            raise OSError(errno.ENOSYS, "this system has no flock")
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise TraceError(_refusal(path, _name_of(handle))) from error
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise TraceError(_no_file(path, error)) from error
        _do_without(handle, path, error)
    _check_own(handle, path)


def _no_file(path: Path, error: OSError) -> str:
    return f"{path}: expected to make a file there, found: {why_not_made(path, error)}"


def _name_of(handle: int) -> Holder | None:
    """Who holds a locked file; None where it says nothing, or still the name of one before."""
    for _ in range(_PATIENCE):
        holder = _read_holder(handle)
        if holder is not None and not holder.is_dead:
            return holder
        time.sleep(0.01)
    return None


def _do_without(handle: int, path: Path, error: OSError) -> None:
    holder = _read_holder(handle)
    if holder is not None and not holder.is_dead:
        raise TraceError(_refusal(path, holder)) from error
    msg = (
        f"{path}: expected a file system with file locks, found none ({error.strerror}); nothing keeps two "
        "machines from writing there at once: see to it that only one does"
    )
    warnings.warn(msg, stacklevel=2)


def _refusal(path: Path, holder: Holder | None) -> str:
    who = "another process" if holder is None else str(holder)
    return (
        f"{path}: expected that nobody else writes there, found that {who} does; choose another name, or wait "
        f"until it ends (if it is no more, remove {lock_path(path).name})"
    )


def _is_current(handle: int, path: Path) -> bool:
    """Whether the locked file still is the one that others would open."""
    try:
        return os.path.samestat(os.fstat(handle), lock_path(path).lstat())
    except FileNotFoundError:
        return False


def _check_own(handle: int, path: Path) -> None:
    found = os.pread(handle, len(_SIGNATURE), 0)
    if not _SIGNATURE.startswith(found):
        lock = lock_path(path)
        msg = (
            f"{path}: expected {lock.name} to be sparsey-trace's, for the right to write there, found another "
            "program's file; choose another name, or put it elsewhere"
        )
        raise TraceError(msg)


def _write_holder(handle: int) -> None:
    holder = Holder(host=socket.gethostname(), pid=os.getpid(), started=_started(os.getpid()))
    os.ftruncate(handle, 0)
    os.pwrite(handle, json.dumps(asdict(holder)).encode(), 0)


def _read_holder(handle: int) -> Holder | None:
    return _parsed(os.pread(handle, _LONGEST, 0))


def _parsed(text: bytes) -> Holder | None:
    try:
        found = json.loads(text)
        holder = Holder(host=str(found["host"]), pid=int(found["pid"]), started=str(found["started"]))
    except (ValueError, TypeError, LookupError, ArithmeticError, RecursionError):
        return None
    return holder if 0 < holder.pid < 1 << 31 else None


def _started(pid: int) -> str:
    """When a process started; empty for one that has ended, or isn't known of."""
    try:
        # The name in brackets may hold anything; the state and the start time stand behind it.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return "" if Path("/proc").exists() else "unknown"
    return "" if fields[0] == "Z" else fields[19]
