"""Folds that are kept serve every metric that shares them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparsey_trace.replay.analyze import analyze
from tests.replay.cache.folders import anew, explained

if TYPE_CHECKING:
    from pathlib import Path


def test_folds_serve_other_questions(trace: Path, tmp_path: Path, replayed: list[tuple[int, int]]) -> None:
    analyze(trace, out=tmp_path / "out", metrics=["basis_set_size"])
    found = explained(trace, tmp_path / "out", metrics=["basis_set_size_increase"], resolution="run")
    assert [(one.folds, len(one.values)) for one in found.passes] == [((), 1)]
    replayed.clear()
    options = {"metrics": ["basis_set_size_increase"], "resolution": "run"}
    analyze(trace, out=tmp_path / "out", **options)
    assert replayed == [(0, 32)]
    name = "basis_set_size_increase.parquet"
    assert (tmp_path / "out" / name).read_bytes() == anew(trace, tmp_path / "anew", **options)[name]
