"""Names of what lies beside a trace."""

from __future__ import annotations

from pathlib import Path

import pytest

from sparsey_trace.trace.paths import default_folder


@pytest.mark.parametrize(
    ("files", "folder"),
    [
        (["run.h5"], "run.metrics"),
        (["a/run.h5"], "a/run.metrics"),
        (["run.v2.hdf5"], "run.v2.metrics"),
        (["run.2"], "run.2.metrics"),
        (["runs/run.1.h5"], "runs/run.1.metrics"),
        (["run.rank0.h5", "run.rank1.h5"], "run.metrics"),
        (["run.h5", "run.1.h5", "run.2.h5"], "run.metrics"),
        (["a.b.rank0.hdf5", "a.b.rank1.hdf5"], "a.b.metrics"),
        (["run.rank0.h5", "run.rank0.1.h5"], "run.rank0.metrics"),
        (["one.h5", "other.h5"], "one.metrics"),
        (["/runs/0/run.h5", "/runs/1/run.h5"], "/runs/run.metrics"),
    ],
)
def test_default_folder(files: list[str], folder: str) -> None:
    assert default_folder(*map(Path, files)) == Path(folder)
