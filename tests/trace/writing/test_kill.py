"""Whatever ends the process, what commit() promised is there, whole and right."""

from __future__ import annotations

import random
import signal
import time
from typing import TYPE_CHECKING

import pytest

from sparsey_trace.trace.reading.open_trace import open_trace
from tests.faults import times
from tests.trace.feed import check_file, sent, start_writer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fork_server import Child

STEPS = 4000


def kill_after(process: Child, seconds: float) -> int:
    """Kill a writer some time after its first commit; the samples it said were safe."""
    first = process.stdout.readline()
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    with process:
        rest = process.stdout.read()
        assert process.wait() == -signal.SIGKILL, "it had ended already"
    # The last line may be cut; each whole one came after a commit returned.
    return int((first + rest).rpartition("\n")[0].rpartition("\n")[2])


def test_killed_at_any_moment(tmp_path: Path) -> None:
    rng = random.Random(0)
    expected = sent(0, STEPS)
    for kill in range(times(4, 300)):
        path = tmp_path / f"{kill}.h5"
        commit_every, chunk_bytes = rng.choice([1, 2, 7]), rng.choice([1, 20_000, 1 << 20])
        writer = start_writer(path, seed=0, steps=STEPS, commit_every=commit_every, chunk_bytes=chunk_bytes)
        promised = kill_after(writer, rng.uniform(0, 0.25))
        check_file(path, expected, at_least=promised)


@pytest.mark.parametrize(
    ("end", "code", "closed"),
    [("close", 0, True), ("raise", 1, True), ("exit", 3, False), ("forget", 0, False)],
)
def test_other_ends(tmp_path: Path, end: str, code: int, *, closed: bool) -> None:
    path = tmp_path / "run.h5"
    with start_writer(path, seed=1, steps=50, commit_every=20, chunk_bytes=1, end=end) as writer:
        promised = int(writer.stdout.read().split()[-1])
        assert writer.wait() == code
    expected = sent(1, 50)
    kept = check_file(path, expected, at_least=promised)
    with open_trace(path) as trace:
        assert trace.closed == closed
    assert kept == (len(expected["step"]) if closed else promised)
