"""One writer a path: a living one is named, a dead one is forgotten."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import re
import signal
import socket
from typing import TYPE_CHECKING

import pytest

from sparsey_trace.errors import TraceError
from sparsey_trace.trace.paths import lock_path
from sparsey_trace.trace.reading.open_trace import open_trace
from sparsey_trace.trace.writing.lock import Holder, WriterLock, holder_of
from sparsey_trace.trace.writing.writer import TraceWriter
from tests.faults import times
from tests.fork_server import shared_server
from tests.trace.feed import LAYOUT, check_file, feed, sent, start_writer, write_closed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fork_server import Child

HOLD = """
import sys, time
from pathlib import Path
from sparsey_trace.trace.writing.lock import WriterLock
lock = WriterLock.acquire(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""

HOLD_AND_FORK = """
import os, sys, time
from pathlib import Path
from sparsey_trace.trace.writing.lock import WriterLock
lock = WriterLock.acquire(Path(sys.argv[1]))
if os.fork() == 0:
    os.setsid()
    print(os.getpid(), flush=True)
    time.sleep(60)
time.sleep(60)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.h5"


def hold(path: Path, program: str = HOLD) -> Child:
    """A process that holds the lock of a path."""
    process = shared_server().start(program, path)
    process.first_line = process.stdout.readline().strip()
    return process


RACE = """
import sys
from pathlib import Path
from sparsey_trace.errors import TraceError
from sparsey_trace.trace.writing.lock import WriterLock
while line := sys.stdin.readline():
    try:
        lock = WriterLock.acquire(Path(sys.argv[1]))
        print("held", flush=True)
    except TraceError as error:
        lock = None
        print(error, flush=True)
    sys.stdin.readline()
    if lock:
        lock.release()
    print("released", flush=True)
"""


def refusal(path: Path, who: str) -> str:
    return (
        f"{path}: expected that nobody else writes there, found that {who} does; choose another name, or wait "
        "until it ends (if it is no more, remove run.h5.lock)"
    )


def test_a_second_process_is_told_who_writes(path: Path) -> None:
    with start_writer(path, seed=0, steps=10**6, commit_every=1, chunk_bytes=1) as first:
        first.stdout.readline()
        with pytest.raises(TraceError) as caught:
            TraceWriter(path, LAYOUT, overwrite=True)
        assert str(caught.value) == refusal(path, f"process {first.pid} on {socket.gethostname()}")
        with open_trace(path) as trace:
            assert len(trace)  # readers need no lock
        first.kill()
        first.stdout.read()


def test_the_same_process_is_told_so(path: Path) -> None:
    with TraceWriter(path, LAYOUT) as writer:
        feed(writer, 0, range(2))
        with pytest.raises(TraceError, match=re.escape(f"this process (pid {os.getpid()}) does")):
            TraceWriter(path, LAYOUT, overwrite=True)
    check_file(path, sent(0, 2))
    assert [item.name for item in path.parent.iterdir()] == ["run.h5"]


def test_what_a_killed_process_left_is_taken_over(path: Path) -> None:
    with hold(path) as first:
        first.kill()
    assert holder_of(path) == Holder(
        host=socket.gethostname(), pid=first.pid, started=holder_of(path).started
    )
    assert holder_of(path).is_dead
    lock = WriterLock.acquire(path)
    assert holder_of(path).pid == os.getpid()
    lock.release()
    lock.release()
    assert not lock_path(path).exists()
    assert holder_of(path) is None


def test_a_lock_dies_with_its_owner_whatever_children_live_on(path: Path) -> None:
    with hold(path, HOLD_AND_FORK) as first:
        for _ in range(2):
            with pytest.raises(TraceError, match=f"process {first.pid} on"):
                WriterLock.acquire(path)
        first.kill()
        first.wait()
        try:
            WriterLock.acquire(path).release()
        finally:
            os.kill(int(first.first_line), signal.SIGKILL)


def test_of_many_that_want_what_a_dead_process_left_one_gets_it(path: Path) -> None:
    racers = [shared_server().start(RACE, path) for _ in range(3)]

    def tell_all() -> list[str]:
        for racer in racers:
            racer.stdin.write("go\n")
        return [racer.stdout.readline().strip() for racer in racers]

    dead = json.dumps({"host": socket.gethostname(), "pid": os.getpid(), "started": "1"})
    try:
        for _ in range(times(100, 3000)):
            lock_path(path).write_text(dead)
            answers = tell_all()
            holder = racers[answers.index("held")].pid
            refused = refusal(path, f"process {holder} on {socket.gethostname()}")
            assert sorted(answers) == sorted(["held", refused, refused])
            assert tell_all() == ["released"] * 3
    finally:
        for racer in racers:
            with racer:
                pass


def test_a_pid_that_is_used_again_is_another_process() -> None:
    me = Holder(host=socket.gethostname(), pid=os.getpid(), started="1")
    assert me.is_dead
    assert not Holder(host=me.host, pid=1).is_dead
    assert not Holder(host="elsewhere", pid=me.pid, started="1").is_dead


def test_a_file_system_without_locks(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(handle: int, kind: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    expected = (
        f"{path}: expected a file system with file locks, found none (No locks available); nothing keeps two "
        "machines from writing there at once: see to it that only one does"
    )
    with pytest.warns(UserWarning, match=re.escape(expected)):
        writer = TraceWriter(path, LAYOUT)
    with pytest.raises(TraceError) as caught:
        WriterLock.acquire(path)
    assert str(caught.value) == refusal(path, f"this process (pid {os.getpid()})")
    feed(writer, 0, range(3))
    writer.close()
    check_file(path, sent(0, 3))
    lock_path(path).write_text(json.dumps({"host": "elsewhere", "pid": 7, "started": ""}))
    with pytest.raises(TraceError, match="process 7 on elsewhere"):
        TraceWriter(path, LAYOUT, overwrite=True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        '{"host": ',
        '{"host": "a", "pid": "x", "started": ""}',
        '{"host": "a", "pid": 1e400, "started": ""}',
    ],
)
def test_a_lock_file_that_says_nothing(path: Path, text: str) -> None:
    lock_path(path).write_text(text)
    assert holder_of(path) is None
    WriterLock.acquire(path).release()


def test_a_writer_that_can_not_begin_lets_go(path: Path) -> None:
    write_closed(path, steps=2)
    for _ in range(2):
        with pytest.raises(TraceError, match="expected no file there, found one; choose another name"):
            TraceWriter(path, LAYOUT)
    assert [item.name for item in path.parent.iterdir()] == ["run.h5"]


@pytest.mark.parametrize("what", ["link", "dangling", "pipe", "text", "list", "bytes", "hdf5"])
def test_what_is_no_lock_of_ours_is_neither_written_nor_removed(path: Path, what: str) -> None:
    theirs, lock = path.with_name("theirs"), lock_path(path)
    theirs.write_text("precious")
    contents = {"text": b"precious", "list": b"[1]", "bytes": b"\xff" * 9, "hdf5": b"\x89HDF\r\n"}
    if what == "pipe":
        os.mkfifo(lock)
    elif what in contents:
        lock.write_bytes(contents[what])
    else:
        lock.symlink_to("theirs" if what == "link" else "none")
    said = {"pipe": "found something else", "link": "found a link", "dangling": "found a link"}
    expected = said.get(
        what, "expected run.h5.lock to be sparsey-trace's, for the right to write there, found another"
    )
    with pytest.raises(TraceError, match=expected):
        WriterLock.acquire(path)
    assert holder_of(path) is None
    assert lock.is_symlink() or lock.exists()
    assert theirs.read_text() == "precious"
    assert not path.with_name("none").exists()
    assert what not in contents or lock.read_bytes() == contents[what]


@pytest.mark.parametrize("call", ["pwrite", "ftruncate"])
def test_a_lock_that_can_not_be_written_is_told_and_leaves_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(
        TraceError, match=re.escape(f"{path}: expected to make a file there, found: ") + ".*No space"
    ):
        WriterLock.acquire(path)
    assert list(path.parent.iterdir()) == []
