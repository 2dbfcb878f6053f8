"""A disk that is slower than training: what happens to the steps, and what is told of it."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

import sparsey_trace as st
from sparsey_trace.errors import RecordError
from sparsey_trace.recording import record
from sparsey_trace.recording.queue.policy import Policy
from sparsey_trace.recording.queue.writer_thread import WriterThread
from tests.recording.models import OriginalModel, samples
from tests.recording.queue.slow_disk import STEP_BYTES, Gate, step, wait_until

if TYPE_CHECKING:
    from pathlib import Path

MODEL_STEP_BYTES = 2 * (6 * 4 + 5 * 3 + 5)
"""Of two samples of `OriginalModel`: features as float32, winners of 5 MACs as uint8, and their flags."""


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    """A slow disk under `record`."""
    gate = Gate()
    monkeypatch.setattr("sparsey_trace.recording.record_model.TraceWriter", gate.writer)
    return gate


def plain_outputs(count: int) -> list[torch.Tensor]:
    """What an unrecorded model puts out, learning all the while."""
    model = OriginalModel()
    return [model(samples(2, seed=number)) for number in range(count)]


def test_a_full_queue_makes_the_model_wait(path: Path, gate: Gate) -> None:
    model, outputs = OriginalModel(), []

    def train() -> None:
        outputs.extend(model(samples(2, seed=number)) for number in range(8))

    with record(model, path, queue_bytes=3 * MODEL_STEP_BYTES) as rec:
        training = threading.Thread(target=train, daemon=True)
        training.start()
        wait_until(lambda: rec.stats().waits == 1)
        assert rec.stats().steps == 3
        gate.let(1)
        wait_until(lambda: rec.stats().waits == 2)
        assert rec.stats().steps == 4
        assert training.is_alive()
        gate.open()
        training.join(60)
    stats = rec.stats()
    assert (stats.steps, stats.unrecorded, stats.drops) == (8, 0, 0)
    assert stats.queue_high_water == 3 * MODEL_STEP_BYTES
    assert stats.seconds >= stats.seconds_waited > 0
    assert all(map(torch.equal, outputs, plain_outputs(8)))
    with st.open_trace(path) as trace:
        assert trace.samples.step[:].tolist() == [number for number in range(8) for _ in range(2)]
        assert trace.drops.tolist() == []
        np.testing.assert_array_equal(
            trace.inputs[:], torch.cat([samples(2, seed=number) for number in range(8)])
        )


def test_a_full_queue_drops_whole_steps_and_the_trace_names_them(path: Path, gate: Gate) -> None:
    model, outputs = OriginalModel(), []
    with record(model, path, queue_bytes=3 * MODEL_STEP_BYTES, on_full="drop") as rec:
        outputs.extend(model(samples(2, seed=number)) for number in range(5))
        assert rec.stats().drops == 2
        gate.let(3)
        rec.commit()
        outputs.extend(model(samples(2, seed=number)) for number in range(5, 10))
        gate.open()
    stats = rec.stats()
    assert (stats.steps, stats.drops, stats.unrecorded, stats.waits) == (6, 4, 4, 0)
    assert stats.queue_high_water == 3 * MODEL_STEP_BYTES
    assert all(map(torch.equal, outputs, plain_outputs(10)))
    kept = [0, 1, 2, 5, 6, 7]
    with st.open_trace(path) as trace:
        assert trace.drops.tolist() == [3, 4, 8, 9]
        assert trace.samples.step[:].tolist() == [number for number in kept for _ in range(2)]
        assert trace.sampling == {}
        np.testing.assert_array_equal(
            trace.inputs[:], torch.cat([samples(2, seed=number) for number in kept])
        )


def test_drops_are_told_by_the_next_commit(path: Path) -> None:
    gate = Gate()
    writer = WriterThread(
        path, gate.opener(path), Policy(queue_bytes=STEP_BYTES, on_full="drop", commit_every=0.05)
    )
    assert [writer.put(step(number)) for number in range(4)] == [True, False, False, False]
    gate.let(1)
    wait_until(lambda: writer.num_committed == 2)
    with st.open_trace(path) as trace:
        assert not trace.closed
        assert trace.drops.tolist() == [1, 2, 3]
    writer.close()


def test_a_full_queue_is_an_error_of_the_pass_and_of_no_other(path: Path, gate: Gate) -> None:
    model = OriginalModel()
    with record(model, path, queue_bytes=3 * MODEL_STEP_BYTES, on_full="error") as rec:
        for number in range(3):
            model(samples(2, seed=number))
        with pytest.raises(RecordError) as caught:
            model(samples(2, seed=3))
        assert str(caught.value) == (
            "step 3 isn't recorded: expected room for its 88 bytes in a queue of queue_bytes=264, found 264 waiting "
            "for the disk; make queue_bytes larger, or choose on_full='block' to wait or on_full='drop' to go on "
            "without such steps"
        )
        gate.open()
        rec.commit()
        model(samples(2, seed=4))
        assert (rec.stats().steps, rec.stats().unrecorded, rec.stats().drops) == (4, 1, 0)
    with st.open_trace(path) as trace:
        assert trace.samples.step[::2].tolist() == [0, 1, 2, 3]
        np.testing.assert_array_equal(trace.inputs[6:], samples(2, seed=4))


def test_a_wait_can_be_interrupted(path: Path, gate: Gate) -> None:
    model = OriginalModel()

    def interrupt() -> None:
        wait_until(lambda: rec.stats().waits == 1)
        os.kill(os.getpid(), signal.SIGINT)

    with record(model, path, queue_bytes=MODEL_STEP_BYTES) as rec:
        model(samples(2, seed=0))
        interrupter = threading.Thread(target=interrupt, daemon=True)
        interrupter.start()
        with pytest.raises(KeyboardInterrupt):
            model(samples(2, seed=1))
        interrupter.join(60)
        assert rec.stats().seconds_waited > 0
        gate.open()
        model(samples(2, seed=2))
    with st.open_trace(path) as trace:
        assert trace.samples.step[:].tolist() == [0, 0, 1, 1]
        np.testing.assert_array_equal(trace.inputs[2:], samples(2, seed=2))
