"""A trace that is read, and how many chunks reading decodes."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from sparsey_trace.trace.format import schema
from sparsey_trace.trace.hdf5 import chunk_codec
from sparsey_trace.trace.hdf5.narrow_codec import NARROW
from sparsey_trace.trace.reading.open_trace import open_trace
from tests.trace.feed import write_closed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sparsey_trace.trace.reading.trace import Trace


@pytest.fixture(scope="session")
def short_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """30 steps, 146 samples; to be read only."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schema, "_CHUNK_BYTES", 1)
        return write_closed(tmp_path_factory.mktemp("short") / "run.h5", steps=30)


@pytest.fixture
def path(short_run: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return shutil.copy(short_run, tmp_path / "run.h5")


@pytest.fixture
def trace(path: Path) -> Iterator[Trace]:
    """It, open."""
    with open_trace(path) as opened:
        yield opened


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many chunks were decoded each time."""
    counts: list[int] = []
    for codec in (chunk_codec.ZSTD, chunk_codec.QUICK_ZSTD, chunk_codec.DEFLATE, *NARROW.values()):

        def decompress(found: list[bytes], *kind: Any, original: Any = codec.decompress) -> Any:
            counts.append(len(found))
            return original(found, *kind)

        monkeypatch.setattr(codec, "decompress", decompress)
    return counts
