"""Who records where in this process: a path has one recorder, whether or not anybody still holds it."""

from __future__ import annotations

import atexit
import contextlib
import os
import weakref
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Protocol

from sparsey_trace.errors import RecordError
from sparsey_trace.support.telling import LOG, tell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sparsey_trace.recording.queue.writer_thread import WriterThread


class OpenRecorder(Protocol):
    """What is to be known of a recorder here.

    Attributes:
        path: where it writes.
    """

    path: Path

    @property
    def is_closed(self) -> bool:
        """Whether it is done."""
        ...

    def close(self) -> None:
        """Take the hooks off, and finish the file."""
        ...


class _Live(NamedTuple):
    writer_thread: WriterThread
    recorder: weakref.ref[OpenRecorder]  # the model holds it
    at_exit: Callable[[], None]
    pid: int


_live: dict[Path, _Live] = {}


def enter(recorder: OpenRecorder, writer_thread: WriterThread) -> None:
    """Remember that a recorder writes to its path; the end of the interpreter closes it, unless that is done before."""
    path = recorder.path.resolve()
    _live[path] = _Live(writer_thread, weakref.ref(recorder), partial(_end, path), os.getpid())
    atexit.register(_live[path].at_exit)


def recorder_of(path: Path) -> OpenRecorder | None:
    """The recorder of this process that writes to a path; None where there is none, or it is closed."""
    found = _live.get(path.resolve())
    if found is not None and found.pid != os.getpid():
        return None  # in a forked child, which doesn't record
    recorder = found.recorder() if found is not None else None
    return recorder if recorder is not None and not recorder.is_closed else None


def paths() -> list[Path]:
    """Where this process records, or finishes what it recorded."""
    return list(_live)


def end_earlier(path: Path) -> None:
    """Close what this process still records to a path, whole, so that the path is free.

    A cell of a notebook is run again like this: the recorder of the first time is still there, or garbage that is
    being finished in the background. What went wrong with it is told, and doesn't keep the next from beginning.
    """
    recorder = recorder_of(path)
    if recorder is not None:
        LOG.info("%s: closed, as it is recorded there anew: %r", path, recorder)
    with _told():
        _end(path.resolve())


def forget(path: Path) -> None:
    """Nobody writes to the path any more."""
    found = _live.pop(path.resolve(), None)
    if found is not None:
        atexit.unregister(found.at_exit)


def _end(path: Path) -> None:
    """Close whatever writes to a path, and wait for it."""
    recorder, found = recorder_of(path), _live.get(path)
    try:
        if recorder is not None:
            recorder.close()
        elif found is not None:
            found.writer_thread.close()
    finally:
        forget(path)


@contextlib.contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except RecordError as error:
        tell(str(error))
