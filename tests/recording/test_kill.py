"""Whatever ends a training, its trace holds what was promised, whole steps only, every value as it was sent."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sparsey_trace.replay.analyze import analyze
from sparsey_trace.trace.reading.open_trace import open_trace
from tests.faults import times
from tests.recording.doomed import train
from tests.trace.feed import ends, read, sent

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess
    from pathlib import Path

STEPS = 3000


@pytest.fixture(scope="module")
def server() -> multiprocessing.context.ForkServerContext:
    """Starts processes that have torch already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.recording.doomed"])
    return context


def start(
    server: multiprocessing.context.ForkServerContext, path: Path, seed: int, end: str, steps: int = STEPS
) -> tuple[BaseProcess, Connection]:
    said, to_say = server.Pipe(duplex=False)
    process = server.Process(target=train, args=(path, seed, steps, to_say, end))
    process.start()
    to_say.close()
    return process, said


def last_word(said: Connection) -> int:
    """The largest number that was said; the last message may be cut."""
    promised = 0
    try:
        while True:
            promised = said.recv()
    except (EOFError, OSError):
        return promised


def check_trace(path: Path, seed: int, *, at_least: int) -> int:
    """How many samples a trace holds, all of them as they were sent."""
    if not path.exists():
        assert not at_least, "a promised sample is missing"
        return 0  # not begun yet: nobody ever sees a file that doesn't open
    expected = sent(seed, STEPS)
    with open_trace(path) as trace:
        assert len(trace) >= at_least, "a promised sample is missing"
        assert len(trace) in {0, *ends(expected)}, "a step was cut"
        for name, found in read(trace, 0, len(trace)).items():
            if name != "time":
                np.testing.assert_array_equal(found, expected[name][: len(trace)], err_msg=name)
        return len(trace)


def test_killed_at_any_moment(tmp_path: Path, server: multiprocessing.context.ForkServerContext) -> None:
    rng = random.Random(0)
    kept = 0
    for kill in range(times(40, 400)):
        path = tmp_path / f"{kill}.h5"
        process, said = start(server, path, kill, "")
        first = said.recv()
        time.sleep(rng.uniform(0, 0.3))
        how = rng.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM])
        os.kill(process.pid, how)
        process.join()
        assert process.exitcode == -how, "it had ended already"
        samples = check_trace(path, kill, at_least=max(first, last_word(said)))
        kept += samples
        if samples and kill % 5 == 0:
            analyze(path, metrics=["basis_set_size"], resolution="run")
    assert kept


@pytest.mark.parametrize(
    ("end", "code", "is_closed"),
    [("raise", 1, True), ("exit", 3, False), ("segfault", -signal.SIGSEGV, False), ("", 0, True)],
)
def test_other_ends(
    tmp_path: Path, server: multiprocessing.context.ForkServerContext, end: str, code: int, *, is_closed: bool
) -> None:
    path = tmp_path / "run.h5"
    process, said = start(server, path, 1, end, steps=100)
    promised = last_word(said)
    process.join()
    assert process.exitcode == code
    kept = check_trace(path, 1, at_least=promised)
    with open_trace(path) as trace:
        assert trace.closed == is_closed
    if is_closed:
        assert kept == len(sent(1, 100)["step"])
    analyze(path, metrics=["basis_set_size"], resolution="run")


def test_interrupted(tmp_path: Path, server: multiprocessing.context.ForkServerContext) -> None:
    path = tmp_path / "run.h5"
    process, said = start(server, path, 2, "")
    said.recv()
    os.kill(process.pid, signal.SIGINT)
    promised = last_word(said)
    process.join()
    assert process.exitcode == 1
    check_trace(path, 2, at_least=promised)
    with open_trace(path) as trace:
        assert trace.closed
