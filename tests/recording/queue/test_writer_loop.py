"""What the writer thread does: steps in order, and commits in time."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

import sparsey_trace as st
from sparsey_trace.recording.queue.policy import Policy
from sparsey_trace.recording.queue.writer_thread import WriterThread
from tests.recording.queue.slow_disk import plain_writer, step, wait_until

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_steps_are_written_in_order_under_their_numbers(path: Path) -> None:
    writer = plain_writer(path)
    numbers = np.repeat(range(0, 100, 2), 2)
    for number in range(0, 100, 2):
        assert writer.put(step(number))
    writer.close()
    assert writer.num_committed == 100
    with st.open_trace(path) as trace:
        table = trace.samples.to_pandas()
        assert table["step"].tolist() == table["label"].tolist() == numbers.tolist()
        np.testing.assert_array_equal(trace.layers[0].codes[:, 0, 0], numbers % 4)


def test_samples_are_committed_while_training_rests(path: Path) -> None:
    writer = plain_writer(path, commit_every=0.05)
    writer.put(step(0))
    wait_until(lambda: writer.num_committed == 2)
    with st.open_trace(path) as trace:
        assert not trace.closed
        assert len(trace) == 2
    writer.put(step(1))
    wait_until(lambda: writer.num_committed == 4)
    writer.close()


def test_samples_are_committed_by_their_number(path: Path) -> None:
    writer = plain_writer(path, commit_every=1000, commit_samples=4)
    for number in range(5):
        writer.put(step(number))
    wait_until(lambda: writer.num_committed == 8)
    writer.close()


def test_who_waits_for_a_block_hears_that_enough_samples_are_there(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sparsey_trace.recording.queue.step_queue._SECONDS_TO_GATHER", 1000)
    writer = plain_writer(path, commit_every=1000, commit_samples=6)
    writer.put(step(0))
    writer.commit()
    for number in range(1, 4):
        writer.put(step(number))
        time.sleep(0.1)  # the thread wakes, and waits for more
    wait_until(lambda: writer.num_committed == 8)
    writer.close()


class Counting(st.TraceWriter):
    """One that notes of how many steps each of its calls is."""

    calls: list[int]

    def append_steps(self, steps: Any, *arguments: Any, **values: Any) -> None:
        self.calls.append(len(steps))
        super().append_steps(steps, *arguments, **values)


def counting_writer(path: Path, calls: list[int]) -> WriterThread:
    def opened(layout: st.Layout) -> st.TraceWriter:
        writer = Counting(path, layout)
        writer.calls = calls
        return writer

    return WriterThread(path, opened, Policy(commit_every=1000))


def test_small_steps_are_written_many_at_a_time(path: Path) -> None:
    calls: list[int] = []
    writer = counting_writer(path, calls)
    for number in range(100):
        writer.put(step(number))
    writer.close()
    assert sum(calls) == 100
    assert len(calls) < 50
    with st.open_trace(path) as trace:
        assert trace.samples.step[:].tolist() == np.repeat(range(100), 2).tolist()
        assert trace.samples.label[:].tolist() == np.repeat(range(100), 2).tolist()


def test_steps_of_several_kinds_are_written_as_they_came(path: Path) -> None:
    writer = counting_writer(path, calls := [])
    sizes = [2, 2, 3, 3, 2, 1]
    for number, size in enumerate(sizes):
        marks = {"ids": np.arange(size, dtype=np.uint64)} if number % 2 else {}
        writer.put(replace(step(number, size=size), marks=marks, phase="eval" if number == 5 else "train"))
    writer.close()
    assert sum(calls) == len(sizes)
    with st.open_trace(path) as trace:
        table = trace.samples.to_pandas()
        assert table["step"].tolist() == np.repeat(range(6), sizes).tolist()
        assert table["id"].fillna(-1).tolist() == [-1, -1, 0, 1, -1, -1, -1, 0, 1, 2, -1, -1, 0]
        assert table["phase"].tolist() == ["train"] * 12 + ["eval"]


def test_a_step_that_cannot_be_written_takes_no_other_with_it(path: Path) -> None:
    writer = counting_writer(path, [])
    for number in range(6):
        inputs = np.full((2, 2), np.nan if number in (2, 3) else 1, np.float32)
        writer.put(replace(step(number), inputs=inputs))
    writer.close()
    refused = writer.queue.take_refused()
    assert [str(found.error).partition(": inputs")[0] for found in refused] == [
        f"{path}: step {number}" for number in (2, 3)
    ]
    with st.open_trace(path) as trace:
        assert trace.samples.step[::2].tolist() == [0, 1, 4, 5]
        assert trace.drops.tolist() == [2, 3]
