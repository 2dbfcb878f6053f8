"""Ctrl-C, and SIGTERM where a handler takes it, at every line and at any moment."""

from __future__ import annotations

import os
import random
import signal
import time
from typing import TYPE_CHECKING

import pytest

import sparsey_trace as st
from sparsey_trace.trace.rescue.validate import validate
from tests.faults import times

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fork_server import ForkServer

SWEEP = """
import sys
from tests.recording.interrupted import SCENES, sweep
for scene in SCENES:
    sweep(scene, int(sys.argv[1]), int(sys.argv[2]))
"""


def test_ctrl_c_at_any_line_leaves_a_sound_file_and_no_hook(fork_server: ForkServer) -> None:
    """All lines of `record`, of the first pass and a later one, of closing, and of a whole recording; whoever's."""
    with fork_server.start(SWEEP, times(4, 100_000), 0) as child:
        child.stdin.close()
        assert child.wait(times(120, 7200)) == 0, child.stderr.read()
        tried = [line.rsplit(maxsplit=2) for line in child.stdout.read().splitlines()]
    assert [scene for scene, *_ in tried] == ["record", "first pass", "later pass", "close", "all"]
    assert all(int(lines) > 300 for _, _, lines in tried)


CELLS = """
import os, random, signal, sys, threading, time
from pathlib import Path
from sparsey_trace.recording import record
from tests.recording.interrupted import check_quiet
from tests.recording.models import OriginalModel, samples
folder, times, rng = Path(sys.argv[1]), int(sys.argv[2]), random.Random(sys.argv[3])
over = threading.Event()
def press():
    while not over.wait(rng.uniform(0, 1.2 * usual)):
        os.kill(os.getpid(), signal.SIGINT)
def cell(run):
    rec = record(model, folder / f"{run}.h5", commit_every=0.002)
    for step in range(20):
        model(samples(3))
    rec.close()
model, interrupted, run = OriginalModel(), 0, 0
begun = time.perf_counter()
cell(0)
usual = time.perf_counter() - begun
threading.Thread(target=press, daemon=True).start()
def cells():
    global interrupted, run
    while interrupted < times:
        run += 1
        try:
            cell(run)
        except KeyboardInterrupt:
            interrupted += 1
while interrupted < times:
    try:
        cells()
    except KeyboardInterrupt:  # between two cells
        interrupted += 1
signal.signal(signal.SIGINT, signal.SIG_IGN)
over.set()
print("done", interrupted, run)
"""
"""A user who presses Ctrl-C in a cell again and again, and runs it again: the recorder before is garbage, or on."""


def test_ctrl_c_at_random_moments_as_in_a_notebook(tmp_path: Path, fork_server: ForkServer) -> None:
    done = fork_server.run(CELLS, tmp_path, times(6, 500), 0)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("done")
    paths = list(tmp_path.glob("*.h5"))
    assert paths
    assert sorted(tmp_path.iterdir()) == sorted(paths), "a lock or a partial file is left"
    for path in paths:
        validate(path)
        with st.open_trace(path) as trace:
            assert trace.closed
            assert len(trace) == 3 * trace.num_steps


SCRIPT = """
import signal, sys
from sparsey_trace.recording import record
from tests.recording.models import OriginalModel, samples
if sys.argv[2] == "handled":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
model = OriginalModel()
print("begins", flush=True)
with record(model, sys.argv[1], commit_every=0.01) as rec:
    for step in range(100_000):
        model(samples(3))
"""


@pytest.mark.parametrize(
    ("signals", "handled", "code"),
    [
        (signal.SIGINT, "", -signal.SIGINT),
        (signal.SIGTERM, "handled", 7),
        (signal.SIGTERM, "", -signal.SIGTERM),
    ],
)
def test_a_program_ends_as_it_would_unrecorded(
    tmp_path: Path, fork_server: ForkServer, signals: signal.Signals, handled: str, code: int
) -> None:
    rng = random.Random(1)
    for number in range(times(1, 100)):
        path = tmp_path / f"{number}.h5"
        with fork_server.start(SCRIPT, path, handled) as child:
            child.stdout.readline()
            time.sleep(rng.uniform(0, 0.15))
            os.kill(child.pid, signals)
            assert child.wait() == code, child.stderr.read()
        if path.exists():
            with st.open_trace(path) as trace:
                assert trace.closed or not (handled or signals is signal.SIGINT)
                assert len(trace) == 3 * trace.num_steps
