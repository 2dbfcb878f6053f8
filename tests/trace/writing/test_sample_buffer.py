"""Between any two calls that change the file, it is a sound trace of what was promised so far."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import h5py
import pytest

from sparsey_trace.trace.format import schema
from sparsey_trace.trace.hdf5 import chunk_codec
from sparsey_trace.trace.reading.open_trace import open_trace
from sparsey_trace.trace.writing.writer import TraceWriter
from tests.faults import times
from tests.trace.feed import LAYOUT, check_file, feed, sent

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

STEPS = 24
WRITING = (
    (chunk_codec, "write_chunk"),
    (chunk_codec, "set_extent"),
    (h5py.Dataset, "__setitem__"),
    (h5py.Dataset, "resize"),
    (h5py.File, "flush"),
)


class Followed:
    """A run that is written while every call that changes the file is followed.

    Attributes:
        calls: the dataset of each call, or "flush".
        copies: the file after each call, and how many samples were promised then.
    """

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[str] = []
        self.copies: list[tuple[Path, int]] = []
        self._path = folder / "run.h5"
        self._writer = TraceWriter(self._path, LAYOUT)
        # The first step starts SWMR; before that there is no trace.
        feed(self._writer, 0, range(1))
        for owner, name in WRITING:
            monkeypatch.setattr(owner, name, self._follow(getattr(owner, name)))
        for first in range(1, STEPS, 3):
            feed(self._writer, 0, range(first, min(first + 3, STEPS)))
            self._writer.commit()
        self._writer.close()
        monkeypatch.undo()

    def _follow(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(target: h5py.Dataset | h5py.File, *args: Any, **kwargs: Any) -> None:
            if (
                self._path.name not in target.file.filename
            ):  # what is made in memory, and put in place as a whole
                return original(target, *args, **kwargs)
            self.calls.append("flush" if isinstance(target, h5py.File) else target.name)
            original(target, *args, **kwargs)
            copy = self._path.with_name(f"{len(self.copies)}.h5")
            shutil.copyfile(self._path, copy)
            self.copies.append((copy, self._writer.num_committed))
            return None

        return call


@pytest.fixture
def followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Followed:
    monkeypatch.setattr(schema, "_CHUNK_BYTES", 1)
    return Followed(tmp_path, monkeypatch)


def test_every_state_between_two_calls_is_sound(followed: Followed) -> None:
    expected = sent(0, STEPS)
    copies = followed.copies[:: times(4, 1)]
    kept = [check_file(path, expected, at_least=promised) for path, promised in copies]
    assert kept == sorted(kept)
    assert kept[-1] >= max(promised for _, promised in copies) > 0
    with open_trace(followed.copies[-1][0]) as last:
        assert last.closed
        assert last.chunk_size < len(last) == len(expected["step"])


def test_a_counter_stands_alone_between_two_flushes(followed: Followed) -> None:
    # HDF5 may write what it flushes in any order: a counter flushed with its data could come first.
    around = zip(["flush", *followed.calls], followed.calls, followed.calls[1:], strict=False)
    counters = [(before, name, after) for before, name, after in around if name.startswith("/progress/")]
    assert {name for _, name, _ in counters} == {
        "/progress/committed",
        "/progress/in_chunks",
        "/progress/closed",
    }
    assert {(before, after) for before, _, after in counters} == {("flush", "flush")}
