"""The queue and the writer thread, with the real writer behind them."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import sparsey_trace as st
from sparsey_trace.errors import DataError, RecordError, TraceError
from sparsey_trace.recording import record
from sparsey_trace.recording.pump import Pump
from sparsey_trace.recording.step import Step
from tests.recording.models import OriginalModel, samples

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LAYER = st.LayerLayout(name="v1", num_macs=2, num_cms=3, num_neurons=4, connections=[[0], [1]])
LAYOUT = st.Layout(num_features=2, layers=[LAYER])


def step(number: int, *, size: int = 2) -> Step:
    """A step whose winners and labels tell its number; 34 bytes a sample."""
    return Step(
        layout=LAYOUT,
        size=size,
        winners=np.full(size * 6, number % 4, np.uint16),
        active=np.ones(size * 2, np.bool_),
        inputs=np.ones((size, 2), np.float32),
        phase="train",
        epoch=0,
        labels=np.full(size, number, np.int64),
        time=0.0,
    )


STEP_BYTES = step(0).nbytes


class GatedWriter(st.TraceWriter):
    """A trace writer that appends only while its gate is open, as on a disk that hangs for a while."""

    def __init__(self, path: Path, layout: st.Layout) -> None:
        super().__init__(path, layout)
        self.gate = threading.Event()

    def append(self, **values: Any) -> None:
        assert self.gate.wait(60)
        super().append(**values)


class Opener:
    """Makes gated writers, and remembers them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.made = threading.Event()

    def __call__(self, layout: st.Layout) -> GatedWriter:
        self.writer = GatedWriter(self.path, layout)
        self.made.set()
        return self.writer


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def test_steps_are_written_in_order(tmp_path: Path) -> None:
    pump = Pump(
        lambda layout: st.TraceWriter(tmp_path / "run.h5", layout), queue_bytes=1 << 20, commit_every=5
    )
    for number in range(50):
        pump.put(step(number))
    pump.close()
    assert pump.num_committed == 100
    with st.open_trace(tmp_path / "run.h5") as trace:
        assert trace.samples.to_pandas()["label"].tolist() == [
            number for number in range(50) for _ in range(2)
        ]
        assert trace.layers[0].codes[:, 0, 0].tolist() == [
            number % 4 for number in range(50) for _ in range(2)
        ]


def test_a_full_queue_makes_the_model_wait(tmp_path: Path) -> None:
    opener = Opener(tmp_path / "run.h5")
    pump = Pump(opener, queue_bytes=3 * STEP_BYTES, commit_every=5)
    for number in range(3):
        pump.put(step(number))
    assert (pump.num_waits, pump.high_water) == (0, 3 * STEP_BYTES)
    late = threading.Thread(target=pump.put, args=[step(3)])
    late.start()
    wait_until(lambda: pump.num_waits == 1)
    assert late.is_alive()
    assert opener.made.wait(60)
    opener.writer.gate.set()
    late.join(60)
    pump.close()
    assert pump.seconds_waited > 0
    assert pump.high_water == 3 * STEP_BYTES
    with st.open_trace(tmp_path / "run.h5") as trace:
        assert trace.num_steps == 4


def test_a_step_larger_than_the_queue_is_taken_alone(tmp_path: Path) -> None:
    pump = Pump(lambda layout: st.TraceWriter(tmp_path / "run.h5", layout), queue_bytes=1, commit_every=5)
    for number in range(3):
        pump.put(step(number))
    pump.close()
    assert pump.high_water == STEP_BYTES
    with st.open_trace(tmp_path / "run.h5") as trace:
        assert trace.num_steps == 3


def test_samples_are_committed_while_training_rests(tmp_path: Path) -> None:
    pump = Pump(
        lambda layout: st.TraceWriter(tmp_path / "run.h5", layout), queue_bytes=1 << 20, commit_every=0.05
    )
    pump.put(step(0))
    wait_until(lambda: pump.num_committed == 2)
    with st.open_trace(tmp_path / "run.h5") as trace:
        assert not trace.closed
        assert len(trace) == 2
    pump.put(step(1))
    wait_until(lambda: pump.num_committed == 4)
    pump.close()


def test_a_failed_writer_is_reported_by_the_next_step_and_once(tmp_path: Path) -> None:
    model = OriginalModel()
    with record(model, tmp_path / "run.h5") as rec:
        model(samples(2))
        (writer,) = (thread for thread in threading.enumerate() if thread.name == "sparsey-trace-writer")
        model(samples(2) / 2)  # the trace's inputs are bits since the first step
        writer.join(60)
        with pytest.raises(RecordError) as caught:
            model(samples(2))
        assert isinstance(caught.value.__cause__, DataError)
        assert str(caught.value) == f"recording has stopped: {caught.value.__cause__} (2 samples are safe)"
        model(samples(2))
        assert rec.stats().steps == 2
    with st.open_trace(tmp_path / "run.h5") as trace:
        assert len(trace) == 2


def test_a_failed_writer_is_reported_by_close_where_no_step_follows(tmp_path: Path) -> None:
    model = OriginalModel()
    rec = record(model, tmp_path / "run.h5")
    (tmp_path / "run.h5").write_text("of another program, by now")
    model(samples(2))
    with pytest.raises(
        RecordError, match=r"recording has stopped: .*found one; .* \(0 samples are safe\)"
    ) as caught:
        rec.close()
    assert isinstance(caught.value.__cause__, TraceError)
    rec.close()
    assert (tmp_path / "run.h5").read_text() == "of another program, by now"


def test_a_failed_writer_is_noted_on_an_error_of_the_body(tmp_path: Path) -> None:
    model = OriginalModel()
    with pytest.raises(KeyError) as caught, record(model, tmp_path / "run.h5"):
        (tmp_path / "run.h5").touch()
        model(samples(2))
        raise KeyError
    assert caught.value.__notes__[0].startswith("recording has stopped: ")


def test_a_step_that_waits_hears_of_a_failure(tmp_path: Path) -> None:
    opener = Opener(tmp_path / "run.h5")
    pump = Pump(opener, queue_bytes=STEP_BYTES, commit_every=5)
    pump.put(step(0))
    heard = []

    def put() -> None:
        try:
            pump.put(step(1))
        except RecordError as error:
            heard.append(error)

    late = threading.Thread(target=put)
    late.start()
    wait_until(lambda: pump.num_waits == 1)
    assert opener.made.wait(60)
    opener.writer.close()
    opener.writer.gate.set()
    late.join(60)
    assert isinstance(heard[0].__cause__, TraceError)
    pump.close()


def test_a_closed_pump_takes_no_steps(tmp_path: Path) -> None:
    pump = Pump(
        lambda layout: st.TraceWriter(tmp_path / "run.h5", layout), queue_bytes=1 << 20, commit_every=5
    )
    pump.put(step(0))
    pump.close()
    pump.close()
    with pytest.raises(
        RecordError, match="expected an open recorder, found one that was closed while the model ran"
    ):
        pump.put(step(1))
