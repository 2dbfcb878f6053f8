"""An hour in a notebook, in a kernel as Jupyter starts it: cells run again, interrupts, errors, a kernel that dies."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

import sparsey_trace as st

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

jupyter = pytest.importorskip(
    "jupyter_client", reason="kernels are started where jupyter_client is installed"
)
pytest.importorskip("ipykernel", reason="there is no kernel without ipykernel")

SECONDS = 120
"""After which a kernel counts as hung."""

SET_UP = """
import itertools, torch, sparsey_trace as st
from torch import nn

class Winners(nn.Module):
    def forward(self, x):
        first = x.reshape(-1, 12, 2).long()
        return torch.stack([1 - first, first], -1)

class Net(nn.Module):
    is_broken = False
    def __init__(self):
        super().__init__()
        self.part = Winners()
    def forward(self, x):
        out = self.part(x)
        if self.is_broken:
            raise ValueError("shapes")
        return out

model = Net()
layer = st.WinnerTakeAll("part", num_macs=12, num_cms=2, num_neurons=2)

def train(steps):
    for number in steps:
        rec.labels = [number] * 4
        model(torch.randint(2, (4, 24)).float())
        with open("promised", "w") as file:
            file.write(str(rec.stats().committed))
"""
RECORD = "rec = st.record(model, 'run.h5', layers=layer, commit_every=0.05, {})"


class Notebook:
    """Cells that are run in a kernel."""

    def __init__(self, folder: Path) -> None:
        self.manager = jupyter.KernelManager(kernel_name="python3")
        self.manager.start_kernel(cwd=str(folder))
        self.connect()

    def connect(self) -> None:
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=SECONDS)

    def run(self, cell: str) -> str:
        """What a cell shows last: its value, or its error."""
        shown = [""]

        def hear(message: dict) -> None:
            content = message["content"]
            if message["msg_type"] == "execute_result":
                shown.append(content["data"]["text/plain"])
            elif message["msg_type"] == "error":
                shown.append(f"{content['ename']}: {content['evalue']}")

        self.client.execute_interactive(cell, timeout=SECONDS, output_hook=hear)
        return shown[-1]

    def run_until(self, cell: str, act: Callable[[], None], *, is_far: Callable[[], bool]) -> None:
        """Start a cell, and do something when it has come so far."""
        self.client.execute(cell, stop_on_error=False)  # an error of it isn't to stop the cells behind it
        until = time.monotonic() + SECONDS
        while not is_far():
            assert time.monotonic() < until
            time.sleep(0.01)
        act()

    def restart(self) -> None:
        self.client.stop_channels()
        self.manager.restart_kernel(now=True)
        self.connect()

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture
def notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Notebook]:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    notebook = Notebook(tmp_path)
    yield notebook
    notebook.close()


@pytest.mark.filterwarnings("ignore:.*(Kernel is running over TCP|zmq|datetime)")
def test_an_hour_in_a_notebook(notebook: Notebook, tmp_path: Path) -> None:
    def promised() -> int:
        text = (tmp_path / "promised").read_text()
        return int(text or 0)

    assert notebook.run(SET_UP) == ""
    for steps in (2, 3):  # the cell is run again, with another number
        cell = f"{RECORD.format('overwrite=True')}\ntrain(range({steps}))\nrec"
        assert notebook.run(cell) == f"<Recorder run.h5: {4 * steps} samples, {steps} steps, on>"
    assert notebook.run("model.is_broken = True; train([99])") == "ValueError: shapes"
    assert notebook.run("model.is_broken = False; rec.label = 3").startswith(
        "AttributeError: a recorder has no 'label'"
    )
    notebook.run_until(
        "train(itertools.count(3))", notebook.manager.interrupt_kernel, is_far=lambda: promised() > 20
    )
    assert notebook.run("rec.commit(); num_steps = rec.stats().steps; rec.is_closed") == "False"
    assert notebook.run(RECORD.format("")).startswith(
        "TraceError: run.h5: expected no recording there, found one"
    )
    interrupted = int(notebook.run("num_steps"))

    def kill() -> None:
        os.kill(notebook.manager.provisioner.pid, signal.SIGKILL)

    notebook.run_until(
        "train(itertools.count(num_steps))", kill, is_far=lambda: promised() > 4 * interrupted + 40
    )
    safe = promised()
    notebook.restart()
    assert notebook.run(SET_UP) == ""
    assert "pass resume=True to go on with it" in notebook.run(RECORD.format(""))
    with st.open_trace(tmp_path / "run.h5") as trace:
        assert len(trace) >= safe > 4 * interrupted
        first = trace.num_steps
    cell = f"{RECORD.format('resume=True')}\ntrain(range({first}, {first + 5}))\nrec.close()\nrec"
    assert notebook.run(cell) == "<Recorder run.1.h5: 20 samples, 5 steps, closed>"
    with st.open_trace(str(tmp_path / "run*.h5")) as trace:
        steps = trace.samples.step[:]
        assert steps.tolist() == np.repeat(range(first + 5), 4).tolist()
        assert trace.samples.label[:].tolist() == steps.tolist()
        np.testing.assert_array_equal(trace.layers[0].codes[:].reshape(len(trace), -1), trace.inputs[:])
        assert trace.drops.tolist() == []
