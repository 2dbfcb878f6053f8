"""What happens to a recording when processes end or split."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import sparsey_trace as st
from tests.recording.models import samples

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


def run(path: Path, script: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", START + script, str(path)]
    root = Path(__file__).parents[2]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120, check=False)


def check_closed(path: Path, size: int) -> None:
    with st.open_trace(path) as trace:
        assert trace.closed
        assert len(trace) == size
        np.testing.assert_array_equal(trace.inputs[:2], samples(2))


@pytest.mark.parametrize(("script", "code"), [("", 0), ("raise KeyError('mine')", 1), ("del rec", 0)])
def test_an_interpreter_that_exits_without_close_leaves_a_closed_trace(
    tmp_path: Path, script: str, code: int
) -> None:
    done = run(tmp_path / "run.h5", script)
    assert done.returncode == code, done.stderr
    assert ("mine" in done.stderr) == ("mine" in script)
    check_closed(tmp_path / "run.h5", 2)


def test_a_thread_that_outlives_the_main_one_is_recorded_to_its_end(tmp_path: Path) -> None:
    script = "threading.Thread(target=lambda: (time.sleep(0.3), model(samples(3)))).start()"
    done = run(tmp_path / "run.h5", script)
    assert (done.returncode, done.stderr) == (0, "")
    check_closed(tmp_path / "run.h5", 5)


def test_a_failure_that_nobody_heard_of_is_told_at_exit(tmp_path: Path) -> None:
    done = run(tmp_path / "run.h5", "model(samples(2) / 2)")
    assert "RecordError: recording has stopped" in done.stderr
    assert "(2 samples are safe)" in done.stderr


def test_a_forked_child_writes_nothing(tmp_path: Path) -> None:
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


def test_workers_of_a_data_loader_leave_the_recording_alone(tmp_path: Path) -> None:
    script = """
from torch.utils.data import DataLoader
for batch in DataLoader(samples(8), batch_size=4, num_workers=2, multiprocessing_context="fork"):
    model(batch)
rec.close()
"""
    done = run(tmp_path / "run.h5", script)
    assert done.returncode == 0, done.stderr
    check_closed(tmp_path / "run.h5", 10)
