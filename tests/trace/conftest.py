"""Traces that many tests read, copy or damage; each is made once."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from sparsey_trace.trace.format import schema
from sparsey_trace.trace.reading.open_trace import open_trace
from sparsey_trace.trace.writing import closed_file
from tests.trace.feed import read, write_closed, write_left
from tests.trace.ranks import write_parts, write_whole

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of 64 samples, so that short runs have several."""
    monkeypatch.setattr(schema, "_CHUNK_BYTES", 1)


@pytest.fixture(scope="session")
def closed_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 steps of a closed trace, several chunks of 64 samples; to be read only."""
    path = tmp_path_factory.mktemp("closed") / "closed.h5"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schema, "_CHUNK_BYTES", 1)
        return write_closed(path, steps=60)


@pytest.fixture(scope="session")
def roomy_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same steps in a closed trace that keeps the space of its tail, as long ones do; to be read only."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schema, "_CHUNK_BYTES", 1)
        patch.setattr(closed_file, "_WORTH", 0)
        return write_closed(tmp_path_factory.mktemp("roomy") / "closed.h5", steps=60)


@pytest.fixture(scope="session")
def left_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same steps as a writer left them that died: the last samples stand in the tail; to be read only."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schema, "_CHUNK_BYTES", 1)
        return write_left(tmp_path_factory.mktemp("left") / "left.h5", steps=60)


@pytest.fixture
def closed(closed_run: Path, tmp_path: Path, small_chunks: None) -> Path:
    """A copy of the closed trace."""
    return shutil.copy(closed_run, tmp_path / "closed.h5")


@pytest.fixture
def roomy(roomy_run: Path, tmp_path: Path, small_chunks: None) -> Path:
    """A copy of the closed trace with the space of its tail."""
    return shutil.copy(roomy_run, tmp_path / "closed.h5")


@pytest.fixture
def left(left_run: Path, tmp_path: Path) -> Path:
    """A copy of the trace that was left."""
    return shutil.copy(left_run, tmp_path / "left.h5")


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    """What every sample of the run of two ranks is."""
    with open_trace(write_whole(tmp_path_factory.mktemp("whole") / "run.h5")) as trace:
        return read(trace, 0, len(trace))


@pytest.fixture(scope="session")
def parts(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The run's files, rank by rank; all but each rank's last were left by a killed process; to be read only."""
    return write_parts(tmp_path_factory.mktemp("parts"))
