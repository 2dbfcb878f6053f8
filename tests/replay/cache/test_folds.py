"""Folds that are kept serve every metric that shares them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from sparsey_trace.errors import CacheWarning
from sparsey_trace.replay.analyze import analyze
from sparsey_trace.replay.cache.private_folder import FOLDER
from sparsey_trace.replay.cache.sealed_files import read_sealed, write_sealed
from tests.replay.cache.folders import anew, content, explained

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


def test_forged_states_are_named_and_made_anew(trace: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    options: dict[str, Any] = {"metrics": ["basis_set_size"]}
    analyze(trace, out=out, **options)
    expected = content(out)
    (fold,) = (out / FOLDER).glob("*.fold")
    about, state = read_sealed(fold)
    changes = ({"first": -(10**12)}, {"first": 10**12}, {"ends": -5}, {"ends": 10**12})
    for change in changes:
        (out / "basis_set_size.parquet").unlink()
        forged = [
            (
                codes,
                np.full_like(first, change.get("first", 0)),
                np.full_like(ends, change.get("ends", len(codes))),
            )
            for codes, first, ends in state
        ]
        write_sealed(fold, about, tuple(forged))
        with pytest.warns(
            CacheWarning, match=r"\.fold: expected a state that can be taken on, found that .*check_state"
        ):
            analyze(trace, out=out, **options)
        assert content(out) == expected
    write_sealed(fold, {**about, "samples": "many"}, state)
    (out / "basis_set_size.parquet").unlink()
    analyze(trace, out=out, **options)
    assert content(out) == expected
