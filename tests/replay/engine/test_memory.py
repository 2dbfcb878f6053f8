"""How many samples are worked on at once, for the memory that may be taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sparsey_trace.errors import TraceError, UsageError
from sparsey_trace.replay.engine.memory import bytes_per_sample, chunk_samples, expected_bytes, parse_memory
from sparsey_trace.trace.reading.open_trace import open_trace
from tests.cli.commands import write_trace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sparsey_trace.trace.reading.trace import Trace


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trace]:
    with open_trace(write_trace(tmp_path_factory.mktemp("run") / "run.h5", steps=1)) as trace:
        yield trace


@pytest.mark.parametrize(
    ("size", "expected"),
    [(7, 7), ("7", 7), ("2k", 2048), (" 1.5 MB ", 3 << 19), ("1GiB", 1 << 30), ("1t", 1 << 40)],
)
def test_sizes_in_words(size: str | int, expected: int) -> None:
    assert parse_memory(size) == expected


@pytest.mark.parametrize("size", ["", "0", "-1G", "1.G", "1X", "much", 0])
def test_what_is_no_size(size: str | int) -> None:
    with pytest.raises(UsageError, match=r"^total_memory: expected bytes, or a text such as"):
        parse_memory(size)


def test_more_memory_and_fewer_jobs_make_larger_chunks(trace: Trace) -> None:
    few, more = (chunk_samples(trace, None, size, 1) for size in ("161M", "162M"))
    assert 64 <= few < more <= 4096
    assert few % 64 == more % 64 == 0
    assert expected_bytes(trace.layout, more, 1) <= 162 << 20
    assert chunk_samples(trace, None, "1G", 1) == 4096
    assert chunk_samples(trace, None, "1G", 40) == 64
    assert expected_bytes(trace.layout, 64, 2) == 3 * ((160 << 20) + 64 * bytes_per_sample(trace.layout))


def test_a_size_that_is_asked_for_is_taken(trace: Trace) -> None:
    assert chunk_samples(trace, 7, "1G", 2) == 7
    with pytest.raises(UsageError, match=r"^chunk_size: expected at least 1 sample, found 0$"):
        chunk_samples(trace, 0, "1G", 2)


def test_receptive_fields_have_to_fit(trace: Trace) -> None:
    with pytest.raises(
        TraceError, match=r"\(5 MACs by 12 features\) that fit in total_memory, found 60 bytes"
    ):
        chunk_samples(trace, None, 59, 1)
