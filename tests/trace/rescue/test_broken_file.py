"""A trace that HDF5 doesn't open any more is repaired from a copy with a new beginning."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sparsey_trace.errors import OutputError, TraceError
from sparsey_trace.trace.format import schema
from sparsey_trace.trace.reading.open_trace import open_trace
from sparsey_trace.trace.rescue.repair import repair
from sparsey_trace.trace.writing.writer import TraceWriter
from tests.trace.feed import LAYOUT, feed, sent
from tests.trace.rescue.saved import STEPS, saved

if TYPE_CHECKING:
    from pathlib import Path


def test_one_that_was_cut_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "_CHUNK_BYTES", 1)
    path, steps = tmp_path / "run.h5", 600
    with TraceWriter(path, LAYOUT) as writer:
        for first in range(0, steps, 10):
            feed(writer, 0, range(first, first + 10))
            writer.commit()
    whole = path.read_bytes()
    for share in (0.99, 0.8, 0.6):
        path.write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(
            TraceError, match="found a truncated one: copy it again, or see what `sparsey-trace rep"
        ):
            open_trace(path)
        found = saved(path, steps=steps)
        assert found.committed == len(sent(0, steps)["step"])
        assert found.kept > (share - 0.25) * found.committed


def test_a_broken_beginning(closed: Path) -> None:
    whole = closed.read_bytes()
    for offset in (11, 30, 40, 45):
        content = bytearray(whole)
        content[offset] ^= 0xFF
        closed.write_bytes(content)
        assert saved(closed).lost == 0


def test_a_broken_beginning_of_a_durable_one(tmp_path: Path) -> None:
    path = tmp_path / "run.h5"
    with TraceWriter(path, LAYOUT, config={"lr": 1}, durable=True) as writer:
        feed(writer, 0, range(STEPS))
    content = bytearray(path.read_bytes())
    content[40] ^= 0xFF
    path.write_bytes(content)
    assert saved(path).lost == 0


def test_links_beside_the_new_one_are_not_followed(closed: Path, tmp_path: Path) -> None:
    content = bytearray(closed.read_bytes())
    content[40] ^= 0xFF
    closed.write_bytes(content)
    theirs = tmp_path / "theirs"
    theirs.write_text("precious")
    (tmp_path / ".out.h5.mended").symlink_to("theirs")
    assert repair(closed, tmp_path / "out.h5").lost == 0
    assert theirs.read_text() == "precious"
    (tmp_path / "other.h5.lock").symlink_to("theirs")
    with pytest.raises(OutputError, match="expected an ordinary file, found a link"):
        repair(closed, tmp_path / "other.h5")
    assert theirs.read_text() == "precious"
    assert not list(tmp_path.glob(".*[0-9a-f].partial"))
