"""The folder of the cache is kept clean, and costs a warning at most."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from sparsey_trace.errors import CacheWarning
from sparsey_trace.replay.analyze import analyze
from sparsey_trace.replay.cache import store
from sparsey_trace.replay.cache.private_folder import FOLDER, MARKER
from sparsey_trace.replay.cache.sealed_files import SIGNATURE
from sparsey_trace.support.writing import PartialFile
from tests.cli.commands import write_trace
from tests.replay.cache.folders import content

if TYPE_CHECKING:
    from pathlib import Path


def test_what_nobody_can_use_any_more_goes(trace: Path, tmp_path: Path) -> None:
    other = write_trace(tmp_path / "other.h5", steps=3)
    analyze(other, out=tmp_path / "out")
    for path in (tmp_path / "out").glob("*.parquet"):
        path.unlink()
    with PartialFile(tmp_path / "out" / FOLDER / "x.fold").create() as stream:
        stream.write(SIGNATURE + b"begun")
    analyze(trace, out=tmp_path / "out", metrics=["num_activations"])
    left = {path.name for path in (tmp_path / "out" / FOLDER).iterdir()}
    assert left == {MARKER, "num_activations.table"}


def test_a_cache_that_cannot_be_written_costs_a_warning(
    trace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(folder: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(store, "make_private", full)
    expected = r"out/\.sparsey-trace: expected to keep there what a later analysis can use, found: .*No space"
    with pytest.warns(CacheWarning, match=expected):
        analyze(trace, out=tmp_path / "out", metrics=["num_activations"])
    assert list(content(tmp_path / "out")) == ["num_activations.parquet"]
