"""The folder of the cache is kept clean, and costs a warning at most."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sparsey_trace.errors import CacheWarning
from sparsey_trace.replay.analyze import analyze
from tests.cli.commands import write_trace
from tests.replay.cache.folders import content

if TYPE_CHECKING:
    from pathlib import Path


def test_what_nobody_can_use_any_more_goes(trace: Path, tmp_path: Path) -> None:
    other = write_trace(tmp_path / "other.h5", steps=3)
    analyze(other, out=tmp_path / "out")
    for path in (tmp_path / "out").glob("*.parquet"):
        path.unlink()
    (tmp_path / "out" / ".cache" / ".x.fold.0123abcd.partial").write_bytes(b"begun")
    analyze(trace, out=tmp_path / "out", metrics=["num_activations"])
    assert [path.name for path in (tmp_path / "out" / ".cache").iterdir()] == ["num_activations.table"]


def test_a_cache_that_cannot_be_written_costs_a_warning(trace: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / ".cache").write_text("in the way")
    with pytest.warns(
        CacheWarning, match=r"out/\.cache: expected to keep there what a later analysis can use, found: "
    ):
        analyze(trace, out=tmp_path / "out", metrics=["num_activations"])
    assert list(content(tmp_path / "out")) == ["num_activations.parquet"]
