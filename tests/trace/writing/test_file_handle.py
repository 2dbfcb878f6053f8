"""A file that must not be written to any more is left as it is on the disk."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from sparsey_trace.trace.writing.file_handle import FileHandle


@pytest.fixture
def handle(tmp_path: Path) -> FileHandle:
    """A file with a dataset that is flushed."""
    path = tmp_path / "file.h5"
    file = h5py.File(path, "w", libver=("v110", "v110"), locking=False)
    file["kept"] = np.arange(100)
    file.flush()
    return FileHandle(file)


def test_abandoned_it_is_not_written_to(handle: FileHandle) -> None:
    path = Path(handle.file.filename)
    before = path.read_bytes()
    handle.file["lost"] = np.ones(100_000)
    handle.abandon()
    assert path.read_bytes().startswith(before[:100])
    assert b"lost" not in path.read_bytes()
    assert not handle.file


def test_closed_it_is_whole(handle: FileHandle) -> None:
    path = Path(handle.file.filename)
    handle.file["more"] = 1
    handle.close()
    with h5py.File(path) as file:
        assert set(file) == {"kept", "more"}
