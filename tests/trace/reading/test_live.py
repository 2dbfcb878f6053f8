"""A trace that is still being written reads as what is committed, always."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sparsey_trace.trace.reading.open_trace import open_trace
from sparsey_trace.trace.writing.writer import TraceWriter
from tests.trace.feed import LAYOUT, check, ends, feed, sent, start_writer

if TYPE_CHECKING:
    from pathlib import Path

    from sparsey_trace.trace.reading.trace import Trace


pytestmark = pytest.mark.usefixtures("small_chunks")


def check_ends_and_middle(trace: Trace, expected: dict[str, np.ndarray], rng: np.random.Generator) -> None:
    """See that the newest samples and any others are right."""
    size = len(trace)
    check(trace, expected, start=max(0, size - 100))
    start, stop = sorted(rng.integers(size + 1, size=2))
    check(trace, expected, start=start, stop=stop)


@pytest.mark.parametrize("reopen", [False, True])
def test_followed_from_another_process(tmp_path: Path, *, reopen: bool) -> None:
    steps, rng, lengths = 200, np.random.default_rng(0), []
    expected = sent(2, steps)
    with start_writer(tmp_path / "run.h5", seed=2, steps=steps, commit_every=1, chunk_bytes=1) as writer:
        writer.stdout.readline()
        trace = open_trace(tmp_path / "run.h5")
        while not trace.closed:
            if reopen:
                trace.close()
                trace = open_trace(tmp_path / "run.h5")
            else:
                trace.refresh()
            check_ends_and_middle(trace, expected, rng)
            lengths.append(len(trace))
        # What says that it is closed says so of all its samples.
        assert len(trace) == len(expected["step"])
        trace.close()
        writer.stdout.read()
    assert lengths == sorted(lengths)
    assert len(set(lengths)) > 10, "the reader was too slow to see the trace grow"


def test_followed_in_the_same_process(tmp_path: Path) -> None:
    expected, rng = sent(3, 100), np.random.default_rng(0)
    with TraceWriter(tmp_path / "run.h5", LAYOUT) as writer:
        feed(writer, 3, range(1))
        with open_trace(tmp_path / "run.h5") as trace:
            assert len(trace) == 0, "appended is not committed"
            for number in range(1, 100):
                writer.commit()
                assert trace.refresh() == len(trace) == ends(expected)[number - 1]
                check_ends_and_middle(trace, expected, rng)
                feed(writer, 3, range(number, number + 1))
            writer.close()
            assert not trace.closed, "a snapshot knows nothing of what came later"
            assert trace.refresh() == len(expected["step"])
            assert trace.closed
            check(trace, expected)


def test_a_snapshot_keeps_its_length_and_its_samples(tmp_path: Path) -> None:
    expected = sent(4, 100)
    with TraceWriter(tmp_path / "run.h5", LAYOUT) as writer:
        feed(writer, 4, range(10))
        writer.commit()
        with open_trace(tmp_path / "run.h5") as trace:
            size, steps, column = len(trace), trace.num_steps, trace.layers[0].codes
            # Its samples move into the chunks, and others take their place in the tail, twice.
            for first in range(10, 100, 10):
                feed(writer, 4, range(first, first + 10))
                writer.commit()
                check(trace, expected)
                np.testing.assert_array_equal(column[:], expected["codes 0"][:size])
            assert (len(trace), trace.num_steps, len(trace.inputs)) == (size, steps, size)
            assert trace.refresh() == len(expected["step"])
            assert trace.num_steps == 100
            assert len(column) == size, "a column belongs to the snapshot that it came from"


@pytest.mark.parametrize("end", ["exit", "close"])
def test_a_snapshot_outlives_its_writer(tmp_path: Path, end: str) -> None:
    expected = sent(5, 40)
    with start_writer(
        tmp_path / "run.h5", seed=5, steps=40, commit_every=4, chunk_bytes=1, end=end
    ) as writer:
        writer.stdout.readline()
        with open_trace(tmp_path / "run.h5") as trace:
            writer.stdout.read()
            check(trace, expected)
            assert trace.refresh() == len(expected["step"])
            assert trace.closed == (end == "close")
            check(trace, expected)


def test_readers_beside_each_other_follow_the_writer(tmp_path: Path) -> None:
    # HDF5 reads other chunks than it is asked for once one of them has refreshed its datasets.
    expected = sent(1, 150)
    with TraceWriter(tmp_path / "grows.h5", LAYOUT) as writer:
        feed(writer, 1, range(2))
        writer.commit()
        with open_trace(tmp_path / "grows.h5") as one, open_trace(tmp_path / "grows.h5") as other:
            for first in range(2, 150, 37):
                feed(writer, 1, range(first, first + 37))
                writer.commit()
                for trace in (one, other, one):
                    trace.refresh()
                    check(trace, expected)
