"""What happens to a recording when processes end or split."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

import sparsey_trace as st
from sparsey_trace.recording import record
from sparsey_trace.trace.rescue.validate import validate
from tests.recording.models import OriginalModel, samples

if TYPE_CHECKING:
    from tests.fork_server import ForkServer

START = """
import os, sys, threading, time
import torch
from sparsey_trace.recording import record
from tests.recording.models import OriginalModel, samples

torch.set_num_threads(1)  # OpenMP's threads don't survive a fork, with a recorder or without
model = OriginalModel()
rec = record(model, sys.argv[1])
model(samples(2))
"""


Run = Callable[[Path, str], subprocess.CompletedProcess[str]]


@pytest.fixture
def run(fork_server: ForkServer) -> Run:
    """Records two samples and does what a script says, to the end of the interpreter."""
    return lambda path, script: fork_server.run(START + script, path)


def check_closed(path: Path, size: int) -> None:
    with st.open_trace(path) as trace:
        assert trace.closed
        assert len(trace) == size
        np.testing.assert_array_equal(trace.inputs[:2], samples(2))


@pytest.mark.parametrize(("script", "code"), [("", 0), ("raise KeyError('mine')", 1), ("del rec", 0)])
def test_an_interpreter_that_exits_without_close_leaves_a_closed_trace(
    tmp_path: Path, run: Run, script: str, code: int
) -> None:
    done = run(tmp_path / "run.h5", script)
    assert done.returncode == code, done.stderr
    assert ("mine" in done.stderr) == ("mine" in script)
    check_closed(tmp_path / "run.h5", 2)


def test_a_thread_that_outlives_the_main_one_is_recorded_to_its_end(tmp_path: Path, run: Run) -> None:
    script = "threading.Thread(target=lambda: (threading.main_thread().join(), model(samples(3)))).start()"
    done = run(tmp_path / "run.h5", script)
    assert (done.returncode, done.stderr) == (0, "")
    check_closed(tmp_path / "run.h5", 5)


def test_a_failure_that_nobody_heard_of_is_told_at_exit(tmp_path: Path, run: Run) -> None:
    done = run(tmp_path / "run.h5", "rec.commit(); os.unlink(sys.argv[1]); model(samples(2))")
    assert "RecordWarning: " in done.stderr
    assert (
        "recording has stopped: expected the file that is written to be there as it was left" in done.stderr
    )
    assert "(0 samples are safe); training goes on unrecorded" in done.stderr
    assert done.returncode == 0


def test_steps_left_out_that_nobody_heard_of_are_told_at_exit(tmp_path: Path, run: Run) -> None:
    start = (
        "rec.close(); rec = record(model, sys.argv[1], inputs='binary', overwrite=True); model(samples(2));"
    )
    done = run(tmp_path / "run.h5", f"{start} model(samples(2) / 2)")
    assert "RecordWarning: " in done.stderr
    assert "this step isn't recorded, and training goes on: " in done.stderr
    assert "step 1: inputs: expected zeros and ones" in done.stderr
    check_closed(tmp_path / "run.h5", 2)


def test_a_forked_child_writes_nothing(tmp_path: Path, run: Run) -> None:
    script = """
child = os.fork()
if not child:
    output = model(samples(4))
    recorded = rec.stats().steps
    rec.close()
    os._exit(7 if recorded == 1 else 8)
_, status = os.waitpid(child, 0)
assert os.waitstatus_to_exitcode(status) == 7
model(samples(3))
rec.close()
"""
    done = run(tmp_path / "run.h5", script)
    assert done.returncode == 0, done.stderr
    check_closed(tmp_path / "run.h5", 5)


def test_children_forked_at_any_moment_and_ending_as_they_like_harm_nothing(tmp_path: Path, run: Run) -> None:
    script = """
import random
rec.close()
moments, ends = random.Random(7), os.pipe()
rec = record(model, sys.argv[1], overwrite=True, commit_every=0.001)
for step in range(180):
    model(samples(40, seed=step))
    if step % 30 == 29:
        time.sleep(moments.random() / 300)
        if not os.fork():
            os.close(ends[1])
            if step % 60 == 59:
                os.read(ends[0], 1)  # until the parent has closed the trace
            if step % 180 < 60:
                rec.close()
            elif step % 180 < 120:
                raise KeyError("a child of mine")
            sys.exit()  # closes what HDF5 has open
rec.close()
os.close(ends[1])
for _ in range(6):
    os.wait()
"""
    done = run(tmp_path / "run.h5", script)
    assert done.returncode == 0, done.stderr
    assert (
        re.findall(r"^\w*(?:Error|Warning).*", done.stderr, re.MULTILINE)
        == ["KeyError: 'a child of mine'"] * 2
    )
    validate(tmp_path / "run.h5")
    with st.open_trace(tmp_path / "run.h5") as trace:
        assert trace.closed
        assert trace.num_steps == 180
        inputs = np.concatenate([samples(40, seed=step) for step in range(180)])
        np.testing.assert_array_equal(trace.inputs[:], inputs)


def test_a_child_that_outlives_its_parent_lets_go_of_the_file(
    tmp_path: Path, fork_server: ForkServer
) -> None:
    script = """
rec.commit()
if os.fork():
    os.kill(os.getpid(), 9)
sys.stdin.read()
"""
    with fork_server.start(START + script, tmp_path / "run.h5") as parent:
        assert parent.wait(60) == -9
        model = OriginalModel()
        with record(model, tmp_path / "run.h5", resume=True):
            model(samples(3))
        assert parent.communicate("") == ("", "")
    with st.open_trace([tmp_path / "run.h5", tmp_path / "run.1.h5"]) as trace:
        assert trace.samples.step[:].tolist() == [0, 0, 1, 1, 1]


@pytest.mark.parametrize(("method", "workers"), [("fork", 2), ("spawn", 1)])
def test_workers_of_a_data_loader_leave_the_recording_alone(
    tmp_path: Path, run: Run, method: str, workers: int
) -> None:
    script = f"""
from torch.utils.data import DataLoader
if __name__ == "__main__":
    for batch in DataLoader(samples(8), 4, num_workers={workers}, multiprocessing_context="{method}"):
        model(batch)
    rec.close()
"""
    done = run(tmp_path / "run.h5", script)
    assert (done.returncode, done.stderr) == (0, "")
    check_closed(tmp_path / "run.h5", 10)
