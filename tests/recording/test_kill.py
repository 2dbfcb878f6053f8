"""Whatever ends a training, its trace holds what was promised, whole steps only, every value as it was sent."""

from __future__ import annotations

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
from tests.trace.feed import ends, read, sent

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fork_server import Child, ForkServer

STEPS = 3000
TRAIN = """
import sys
from tests.recording.doomed import train
path, seed, steps, *end = sys.argv[1:]
train(path, int(seed), int(steps), *end)
"""
AT_ONCE = 4


def last_word(child: Child) -> int:
    """The largest number that it printed, to its end; the last line may be cut."""
    *whole, _ = child.stdout.read().split("\n")
    return max(map(int, whole), default=0)


def check_trace(path: Path, seed: int, *, at_least: int) -> int:
    """How many samples a trace holds, all of them as they were sent."""
    if not path.exists():
        assert not at_least, "a promised sample is missing"
        return 0  # not begun yet: nobody ever sees a file that doesn't open
    with open_trace(path) as trace:
        assert len(trace) >= at_least, "a promised sample is missing"
        if not len(trace):
            return 0
        num_steps = int(trace.samples.step[-1]) + 1
        assert num_steps <= STEPS
        expected = sent(seed, num_steps)
        assert len(trace) in ends(expected), "a step was cut"
        for name, found in read(trace, 0, len(trace)).items():
            if name != "time":
                np.testing.assert_array_equal(found, expected[name][: len(trace)], err_msg=name)
        return len(trace)


def check_killed(child: Child, path: Path, seed: int, how: signal.Signals, *, at_least: int) -> int:
    """Kill a training, and see what it leaves."""
    os.kill(child.pid, how)
    assert child.wait() == -how, "it had ended already"
    return check_trace(path, seed, at_least=max(at_least, last_word(child)))


def test_killed_at_any_moment(tmp_path: Path, fork_server: ForkServer) -> None:
    rng = random.Random(0)
    kept = 0
    for first in range(0, times(16, 400), AT_ONCE):
        seeds = range(first, first + AT_ONCE)
        children = [fork_server.start(TRAIN, tmp_path / f"{seed}.h5", seed, STEPS) for seed in seeds]
        promised = [int(child.stdout.readline()) for child in children]
        for seed, child, at_least in zip(seeds, children, promised, strict=True):
            time.sleep(rng.uniform(0, 0.1))
            how = rng.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM])
            with child:
                samples = check_killed(child, tmp_path / f"{seed}.h5", seed, how, at_least=at_least)
            kept += samples
            if samples and seed % 5 == 0:
                analyze(tmp_path / f"{seed}.h5", metrics=["basis_set_size"], resolution="run")
    assert kept


@pytest.mark.parametrize(
    ("end", "code", "is_closed"),
    [("raise", 1, True), ("exit", 3, False), ("segfault", -signal.SIGSEGV, False), ("", 0, True)],
)
def test_other_ends(tmp_path: Path, fork_server: ForkServer, end: str, code: int, *, is_closed: bool) -> None:
    path = tmp_path / "run.h5"
    with fork_server.start(TRAIN, path, 1, 100, end) as child:
        promised = last_word(child)
        assert child.wait() == code
    kept = check_trace(path, 1, at_least=promised)
    with open_trace(path) as trace:
        assert trace.closed == is_closed
    if is_closed:
        assert kept == len(sent(1, 100)["step"])
    analyze(path, metrics=["basis_set_size"], resolution="run")


def test_interrupted(tmp_path: Path, fork_server: ForkServer) -> None:
    path = tmp_path / "run.h5"
    with fork_server.start(TRAIN, path, 2, STEPS) as child:
        child.stdout.readline()
        os.kill(child.pid, signal.SIGINT)
        promised = last_word(child)
        assert child.wait() == -signal.SIGINT
    check_trace(path, 2, at_least=promised)
    with open_trace(path) as trace:
        assert trace.closed
