"""Between any two calls that change the file, it is a sound trace of what was promised so far."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import h5py
import pytest

from sparsey_trace.trace import schema
from sparsey_trace.trace.reader import open_trace
from sparsey_trace.trace.writer import TraceWriter
from tests.trace.feed import LAYOUT, check_file, feed, sent

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

STEPS = 24


@pytest.fixture
def copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, int]]:
    """Copies of the trace after every call of h5py that writes, and how many samples were promised."""
    taken: list[tuple[Path, int]] = []
    path = tmp_path / "run.h5"
    writers: list[TraceWriter] = []

    def followed(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            result = original(*args, **kwargs)
            if writers and writers[0].num_samples:
                copy = tmp_path / f"{len(taken)}.h5"
                shutil.copyfile(path, copy)
                taken.append((copy, writers[0].num_committed))
            return result

        return call

    monkeypatch.setattr(schema, "_CHUNK_BYTES", 1)
    for owner, name in ((h5py.Dataset, "__setitem__"), (h5py.Dataset, "resize"), (h5py.File, "flush")):
        monkeypatch.setattr(owner, name, followed(getattr(owner, name)))
    with TraceWriter(path, LAYOUT) as writer:
        writers.append(writer)
        for first in range(0, STEPS, 3):
            feed(writer, 0, range(first, min(first + 3, STEPS)))
            writer.commit()
    monkeypatch.undo()
    return taken


def test_every_state_between_two_calls_is_sound(copies: list[tuple[Path, int]]) -> None:
    expected = sent(0, STEPS)
    kept = [check_file(path, expected, at_least=promised) for path, promised in copies]
    assert kept == sorted(kept)
    assert set(kept) >= {promised for _, promised in copies}
    with open_trace(copies[-1][0]) as last:
        assert last.closed
        assert last.chunk_size < len(last) == len(expected["step"])
