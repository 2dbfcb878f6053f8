"""Space is asked for without taking any, and refused as the system refuses it."""

from __future__ import annotations

import errno
import os
import resource
import signal
from typing import TYPE_CHECKING

import pytest

from sparsey_trace.trace.writing.disk_space import DiskSpace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def descriptor(tmp_path: Path) -> Iterator[int]:
    path = tmp_path / "file"
    path.write_bytes(b"kept")
    with path.open("r+b") as stream:
        yield stream.fileno()
    assert path.read_bytes() == b"kept"


def test_what_could_be_added_is_not(descriptor: int) -> None:
    DiskSpace(descriptor).require(1000)


def test_a_limit_is_found(descriptor: int) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            DiskSpace(descriptor).require(1000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize(("number", "is_refused"), [(errno.ENOSPC, True), (errno.EOPNOTSUPP, False)])
def test_a_file_system_that_can_not_be_asked_counts_as_free(
    descriptor: int, monkeypatch: pytest.MonkeyPatch, number: int, *, is_refused: bool
) -> None:
    def fail(*_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "posix_fallocate", fail)
    if is_refused:
        with pytest.raises(OSError, match="No space left"):
            DiskSpace(descriptor).require(1000)
    else:
        DiskSpace(descriptor).require(1000)
