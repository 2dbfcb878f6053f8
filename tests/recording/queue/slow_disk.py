"""A disk that takes its time: the real writer, behind a gate that a test opens."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np

import sparsey_trace as st
from sparsey_trace.recording.queue.policy import Policy
from sparsey_trace.recording.queue.writer_thread import WriterThread
from sparsey_trace.recording.steps.step import Step

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LAYER = st.LayerLayout(name="v1", num_macs=2, num_cms=3, num_neurons=4, connections=[[0], [1]])
LAYOUT = st.Layout(num_features=2, layers=[LAYER])


def step(number: int, *, size: int = 2) -> Step:
    """A step whose winners and labels tell its number; 34 bytes a sample."""
    return Step(
        number=number,
        layout=LAYOUT,
        size=size,
        winners=np.full(size * 6, number % 4, np.uint16),
        active=np.ones(size * 2, np.bool_),
        inputs=np.ones((size, 2), np.float32),
        phase="train",
        epoch=0,
        marks={"labels": np.full(size, number, np.int64)},
        time=0.0,
    )


STEP_BYTES = step(0).nbytes


class Gate:
    """Where every step that its writers append has to pass. Shut at first; made before the writer is."""

    def __init__(self) -> None:
        self._passes = threading.Semaphore(0)
        self.writers: list[st.TraceWriter] = []
        self.reached = threading.Event()

    def let(self, count: int) -> None:
        """Let so many steps pass."""
        self._passes.release(count)

    def open(self) -> None:
        """Let all pass."""
        self.let(1_000_000)

    def writer(self, *arguments: Any, **options: Any) -> st.TraceWriter:
        """A trace writer behind this gate; takes what `TraceWriter` takes."""
        gate = self

        class Gated(st.TraceWriter):
            def append_steps(self, steps: Any, *arguments: Any, **values: Any) -> None:
                gate.reached.set()
                for _ in steps:
                    assert gate._passes.acquire(timeout=60)
                super().append_steps(steps, *arguments, **values)

        self.writers.append(Gated(*arguments, **options))
        return self.writers[-1]

    def opener(self, path: Path) -> Callable[[st.Layout], st.TraceWriter]:
        """What a writer thread opens its trace with."""
        return lambda layout: self.writer(path, layout)


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def plain_writer(path: Path, **policy: Any) -> WriterThread:
    """One with no gate."""
    return WriterThread(path, lambda layout: st.TraceWriter(path, layout), Policy(**policy))
