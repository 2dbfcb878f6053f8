"""Ranges of a file elsewhere, whatever was fetched before."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import fsspec
import pytest

from sparsey_trace.trace.hdf5 import ranged_file
from sparsey_trace.trace.hdf5.ranged_file import AsStream, RangedFile, current_info

if TYPE_CHECKING:
    from collections.abc import Iterator

CONTENT = random.Random(0).randbytes(5000)


@pytest.fixture
def file(monkeypatch: pytest.MonkeyPatch) -> Iterator[RangedFile]:
    """Of which 1,000 bytes are kept, in blocks of 64."""
    monkeypatch.setattr(ranged_file, "_BLOCK", 64)
    monkeypatch.setattr(ranged_file, "_SMALL", 0)
    monkeypatch.setattr(ranged_file, "_LEAST", 40)
    monkeypatch.setattr(ranged_file, "_GAP", 8)
    monkeypatch.setattr(ranged_file, "_MOST_KEPT", 1000)
    memory = fsspec.filesystem("memory")
    memory.pipe_file("/ranged/file", CONTENT)
    yield RangedFile(memory, "/ranged/file", current_info(memory, "/ranged/file"))
    memory.rm("/ranged", recursive=True)


def test_any_range_in_any_order(file: RangedFile) -> None:
    rng = random.Random(1)
    for _ in range(600):
        begin, count = rng.randrange(5100), rng.choice([1, 10, 64, 65, 300])
        spans = [(begin, min(begin + count, 5000)), (100, 200)] if begin < 5000 else []
        if rng.random() < 0.3:
            file.prefetch(spans, [(begin // 2, begin // 2 + 20)])
        assert file.read(begin, count) == CONTENT[begin : begin + count]
    assert file.fetched < 600 * 500


def test_what_was_fetched_is_not_fetched_again(file: RangedFile) -> None:
    file.prefetch([(100, 200), (200, 300), (700, 750)], [(300, 400)])
    assert (file.requests, file.fetched) == (2, 350)
    assert file.read(150, 240) == CONTENT[150:390]
    file.prefetch([(120, 130)], [(1000, 1100)])
    assert (file.requests, file.fetched) == (2, 350)


def test_small_ranges_are_fetched_with_what_is_beside_them(file: RangedFile) -> None:
    file.prefetch([(2000, 2004), (2600, 2700), (2708, 2800), (3000, 3100), (3109, 3200)])
    assert (file.requests, file.fetched) == (4, 40 + 200 + 100 + 91)
    assert file.read(1990, 40) == CONTENT[1990:2030]
    file.prefetch([(4990, 5000)])
    assert file.requests == 5
    assert file.read(4980, 20) == CONTENT[4980:]


def test_blocks_grow_where_one_follows_on_another(file: RangedFile) -> None:
    file.read(3000, 4)
    assert file.fetched == 64
    file.read(3010, 4)
    file.read(3012, 30)
    assert (file.requests, file.fetched) == (2, 64 + 8 * 64)


def test_it_reads_as_a_stream(file: RangedFile) -> None:
    stream = AsStream(file)
    assert stream.seek(-10, 2) == 4990
    assert stream.read(20) == CONTENT[-10:]
    assert stream.seek(30) == 30
    assert stream.seek(5, 1) == stream.tell() == 35
    assert stream.read(200) == CONTENT[35:235]
