"""What other code made is made anew."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import sparsey_trace
from sparsey_trace.replay.analyze import analyze
from sparsey_trace.replay.cache import code_version
from tests.replay.cache.folders import Inheriting, why

if TYPE_CHECKING:
    import pytest


def test_all_code_of_this_package_counts() -> None:
    assert Path(code_version.__file__).is_relative_to(code_version._OURS)
    assert Path(str(sparsey_trace.__file__)).parent == code_version._OURS


def test_code_that_was_changed_makes_everything_anew(
    trace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, replayed: list[tuple[int, int]]
) -> None:
    analyze(trace, out=tmp_path / "out")
    monkeypatch.setattr(code_version, "our_code", lambda: "other")
    analyze(trace, out=tmp_path / "out")
    assert replayed == [(0, 32)] * 4
    analyze(trace, out=tmp_path / "out")
    assert len(replayed) == 4


def test_metrics_whose_code_nobody_vouches_for_are_made_anew(
    trace: Path, tmp_path: Path, replayed: list[tuple[int, int]]
) -> None:
    for _ in range(2):
        analyze(trace, out=tmp_path / "out", metrics=[Inheriting(), "num_activations"])
    assert len(replayed) == 2
    reason = "nothing tells whether its code has changed"
    assert why(trace, tmp_path / "out", metrics=[Inheriting()]) == {"inheriting": reason}
