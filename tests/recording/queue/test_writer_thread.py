"""The writer thread, with the real writer behind it: order, commits, and what is heard of its failures."""

from __future__ import annotations

import gc
import threading
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import sparsey_trace as st
from sparsey_trace.errors import RecordError, RecordWarning, TraceError
from sparsey_trace.recording import record
from sparsey_trace.recording.queue.policy import Policy
from sparsey_trace.recording.queue.writer_thread import WriterThread
from tests.recording.models import OriginalModel, samples
from tests.recording.queue.slow_disk import STEP_BYTES, Gate, plain_writer, step, wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fork_server import ForkServer


def running_thread() -> threading.Thread:
    (thread,) = (thread for thread in threading.enumerate() if thread.name == "sparsey-trace-writer")
    return thread


def test_a_step_larger_than_the_queue_is_taken_alone(path: Path) -> None:
    writer = plain_writer(path, queue_bytes=1)
    for number in range(3):
        assert writer.put(step(number))
    writer.close()
    assert writer.queue.high_water == STEP_BYTES
    with st.open_trace(path) as trace:
        assert trace.num_steps == 3


def test_a_commit_returns_once_all_is_safe(path: Path) -> None:
    gate = Gate()
    writer = WriterThread(path, gate.opener(path), Policy(commit_every=1000))
    writer.commit()
    for number in range(3):
        writer.put(step(number))
    promised = threading.Thread(target=writer.commit, daemon=True)
    promised.start()
    gate.let(2)
    promised.join(0.05)
    assert promised.is_alive()
    gate.open()
    promised.join(60)
    assert writer.num_committed == 6
    with st.open_trace(path) as trace:
        assert len(trace) == 6
    writer.close()
    writer.commit()


def test_what_commit_promised_survives_a_kill(path: Path, fork_server: ForkServer) -> None:
    script = """
import os, signal, sys
from sparsey_trace.recording import record
from tests.recording.models import OriginalModel, samples
model = OriginalModel()
rec = record(model, sys.argv[1], commit_every=1000)
for number in range(5):
    model(samples(3, seed=number))
rec.commit()
model(samples(3))
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert fork_server.run(script, path).returncode == -9
    with st.open_trace(path) as trace:
        sent = np.concatenate([samples(3, seed=number) for number in range(5)])
        np.testing.assert_array_equal(trace.inputs[:15], sent)


@pytest.fixture
def fails_at_step_1(monkeypatch: pytest.MonkeyPatch) -> None:
    append = st.TraceWriter.append_steps

    def fail(writer: st.TraceWriter, steps: Any, *arguments: Any, **values: Any) -> None:
        if steps[-1]["step"] >= 1:
            msg = f"{writer.path}: expected to write to the trace, found: a bad disk"
            raise TraceError(msg)
        append(writer, steps, *arguments, **values)

    monkeypatch.setattr(st.TraceWriter, "append_steps", fail)


@pytest.mark.usefixtures("fails_at_step_1")
def test_a_failure_is_raised_by_the_next_pass_and_once(path: Path) -> None:
    model = OriginalModel()
    with record(model, path, on_error="raise") as rec:
        model(samples(2))
        rec.commit()
        thread = running_thread()
        model(samples(2))
        thread.join(60)
        with pytest.raises(RecordError) as caught:
            model(samples(2))
        assert isinstance(caught.value.__cause__, TraceError)
        found = str(caught.value.__cause__).removeprefix(f"{path}: ")
        assert str(caught.value) == f"{path}: recording has stopped: {found} (2 samples are safe)"
        model(samples(2))
        stats = rec.stats()
        assert (stats.passes, stats.steps, stats.samples, stats.unrecorded, stats.lost) == (4, 1, 2, 3, 3)
        assert stats.error == rec.error == str(caught.value)
        assert repr(rec) == f"<Recorder {path}: 2 samples, 1 steps, 3 passes lost, stopped ({rec.error})>"
    with st.open_trace(path) as trace:
        assert len(trace) == 2


@pytest.mark.usefixtures("fails_at_step_1")
def test_a_failure_is_a_warning_unless_asked_otherwise(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    model = OriginalModel()
    with record(model, path) as rec:
        model(samples(2))
        rec.commit()
        thread = running_thread()
        model(samples(2))
        thread.join(60)
        with pytest.warns(RecordWarning) as caught:
            model(samples(2))
            model(samples(2))
        assert len(caught) == 1
        assert caught[0].filename == __file__
        message = str(caught[0].message)
        assert caplog.messages == [message]
        assert message.startswith(
            f"{path}: recording has stopped: expected to write to the trace, found: a bad disk"
        )
        assert message.endswith("(2 samples are safe); training goes on unrecorded")
        with pytest.raises(RecordError, match=r"run\.h5: recording has stopped: .* \(2 samples are safe\)$"):
            rec.commit()


def test_a_failure_is_raised_by_close_where_no_pass_follows(path: Path) -> None:
    model = OriginalModel()
    rec = record(model, path, on_error="raise")
    path.write_text("of another program, by now")
    model(samples(2))
    with pytest.raises(
        RecordError, match=r"recording has stopped: .*found one; .* \(0 samples are safe\)"
    ) as caught:
        rec.close()
    assert isinstance(caught.value.__cause__, TraceError)
    rec.close()
    assert path.read_text() == "of another program, by now"


def test_a_failure_is_warned_of_by_close_where_no_pass_follows(path: Path) -> None:
    model = OriginalModel()
    rec = record(model, path)
    path.touch()
    model(samples(2))
    with pytest.warns(RecordWarning, match=r"found one; .*; training goes on unrecorded") as caught:
        rec.close()
    assert len(caught) == 1


def test_a_commit_that_fails_is_an_error_and_no_warning_follows(path: Path) -> None:
    model = OriginalModel()
    with record(model, path) as rec:
        path.touch()
        model(samples(2))
        with pytest.raises(RecordError, match=r"recording has stopped: .*found one"):
            rec.commit()
        model(samples(2))


def test_a_failure_is_noted_on_an_error_of_the_body(path: Path) -> None:
    model = OriginalModel()
    with pytest.raises(KeyError) as caught, record(model, path, on_error="raise"):
        path.touch()
        model(samples(2))
        raise KeyError
    assert caught.value.__notes__[0].startswith(f"{path}: recording has stopped: ")


def test_errors_of_a_pass_are_raised_whatever_is_asked_of_the_disks(path: Path) -> None:
    model = OriginalModel()
    with record(model, path, on_error="warn") as rec:
        rec.labels = [1, 2, 3]
        with pytest.raises(RecordError, match="labels: expected 2 whole numbers"):
            model(samples(2))
        model(samples(2))
        assert rec.stats().steps == 1


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), MemoryError()])
def test_a_thread_that_ends_in_any_error_is_noticed(path: Path, error: BaseException) -> None:
    class Ending(st.TraceWriter):
        def append_steps(self, *_: Any, **__: Any) -> None:
            raise error

    writer = WriterThread(path, lambda layout: Ending(path, layout), Policy())
    writer.put(step(0))
    wait_until(lambda: writer.has_failed)
    assert not writer.put(step(1))
    with pytest.warns(RecordWarning, match=rf"recording has stopped: {type(error).__name__}: .*0 samples"):
        writer.close()


class Mute(WriterThread):
    """One that dies without a word, as one does that something outside of Python ended."""

    def _run(self, layout: st.Layout) -> None:
        assert gate_of_mute.wait(60)


gate_of_mute = threading.Event()


def test_a_thread_that_dies_without_a_word_holds_nobody_up(path: Path) -> None:
    gate_of_mute.clear()
    writer = Mute(path, lambda layout: st.TraceWriter(path, layout), Policy(queue_bytes=STEP_BYTES))
    writer.put(step(0))
    taken = []
    late = threading.Thread(target=lambda: taken.append(writer.put(step(1))), daemon=True)
    late.start()
    wait_until(lambda: writer.queue.num_waits == 1)
    gate_of_mute.set()
    late.join(60)
    assert taken == [False]
    with pytest.raises(
        RecordError, match="recording has stopped: RuntimeError: the writer thread died without a word"
    ):
        writer.commit()
    writer.close()


def test_a_thread_that_cannot_be_had_is_a_failure_of_recording(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: threading.Thread) -> None:
        msg = "can't start new thread"
        raise RuntimeError(msg)

    model = OriginalModel()
    with record(model, path):
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", refuse)
            model(samples(2))
        with pytest.warns(
            RecordWarning, match=r"RuntimeError: can't start new thread \(0 samples are safe\)"
        ):
            model(samples(2))
    assert not path.exists()


def test_a_step_that_waits_hears_of_a_failure(path: Path) -> None:
    gate = Gate()
    writer = WriterThread(path, gate.opener(path), Policy(queue_bytes=STEP_BYTES, on_error="raise"))
    writer.put(step(0))
    taken = []
    late = threading.Thread(target=lambda: taken.append(writer.put(step(1))), daemon=True)
    late.start()
    wait_until(lambda: writer.queue.num_waits == 1)
    assert gate.reached.wait(60)
    gate.writers[0].close()
    gate.open()
    late.join(60)
    assert taken == [False]
    with pytest.raises(RecordError) as caught:
        writer.close()
    assert isinstance(caught.value.__cause__, TraceError)
    writer.close()


def test_what_waited_is_forgotten_with_a_failure(path: Path) -> None:
    gate = Gate()
    writer = WriterThread(path, gate.opener(path), Policy())
    steps = []
    for number in range(50):
        writer.put(waiting := step(number))
        steps.append(weakref.ref(waiting))
        assert gate.reached.wait(60)
    del waiting
    gate.writers[0].close()
    thread = running_thread()
    gate.open()
    thread.join(60)
    gc.collect()
    assert [bool(step()) for step in steps] == [True] + [False] * 49  # the first one by the error's traceback
    with pytest.warns(RecordWarning, match="found one that was closed"):
        writer.close()


def test_a_closed_writer_takes_no_steps(path: Path) -> None:
    writer = plain_writer(path)
    writer.put(step(0))
    writer.close()
    writer.close()
    with pytest.raises(
        RecordError, match="expected an open recorder, found one that was closed while the model ran"
    ):
        writer.put(step(1))
