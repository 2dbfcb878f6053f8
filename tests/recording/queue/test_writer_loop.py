"""What the writer thread does: steps in order, and commits in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import sparsey_trace as st
from tests.recording.queue.slow_disk import plain_writer, step, wait_until

if TYPE_CHECKING:
    from pathlib import Path


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
