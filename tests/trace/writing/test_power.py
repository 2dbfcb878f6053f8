"""A loss of power: of what was written since the last fsync, some pages are on the disk and some aren't.

Of a run that is so long that HDF5's list of chunks outgrows a page this doesn't hold; docs/guarantees.md says so.
"""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING, NamedTuple

import pytest

from sparsey_trace.trace.format import schema
from sparsey_trace.trace.reading.open_trace import open_trace
from sparsey_trace.trace.writing.writer import TraceWriter
from tests.faults import times
from tests.trace.feed import LAYOUT, check, feed, sent

if TYPE_CHECKING:
    from pathlib import Path

STEPS = 400
PAGE = 4096


class Synced(NamedTuple):
    """The file after an fsync, and how many samples were promised then."""

    content: bytes
    promised: int


def record(path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Synced]:
    """Write a durable run; what the disk was sure to have, fsync by fsync."""
    synced: list[Synced] = []
    sync = os.fsync

    def follow(descriptor: int) -> None:
        sync(descriptor)
        if path.exists():
            synced.append(Synced(path.read_bytes(), writer.num_committed))

    monkeypatch.setattr(os, "fsync", follow)
    writer = TraceWriter(path, LAYOUT, durable=True)
    for first in range(0, STEPS, 5):
        feed(writer, 0, range(first, first + 5))
        writer.commit()
    writer.close()
    monkeypatch.undo()
    return synced


def after_power_loss(before: bytes, after: bytes, rng: random.Random) -> bytes:
    """A file of which some pages are as they were and some as they would have been."""
    share = rng.choice([0.1, 0.5, 0.9])
    size = max(len(before), len(after))
    old, new = before.ljust(size, b"\0"), after.ljust(size, b"\0")
    pages = ((new if rng.random() < share else old)[at : at + PAGE] for at in range(0, size, PAGE))
    return b"".join(pages)[: rng.choice([len(before), len(after)])]


@pytest.mark.parametrize("chunk_bytes", [1, 20_000])
def test_a_durable_commit_survives_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk_bytes: int
) -> None:
    monkeypatch.setattr(schema, "_CHUNK_BYTES", chunk_bytes)
    synced = record(tmp_path / "run.h5", monkeypatch)
    assert len(synced) > 2 * STEPS / 5  # at least one for the samples of a commit and one for its counter
    rng, expected, path = random.Random(chunk_bytes), sent(0, STEPS), tmp_path / "after.h5"
    for _ in range(times(20, 3000)):
        moment = rng.randrange(len(synced) - 1)
        path.write_bytes(after_power_loss(synced[moment].content, synced[moment + 1].content, rng))
        with open_trace(path) as trace:
            assert len(trace) >= synced[moment].promised
            check(trace, expected)
