"""An explanation says what an analysis would do, and does nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.replay.cache.folders import explained

if TYPE_CHECKING:
    from pathlib import Path


def test_an_explanation_changes_nothing(trace: Path, tmp_path: Path) -> None:
    found = explained(trace, tmp_path / "out", n_jobs=2, chunk_size=8)
    assert not (tmp_path / "out").exists()
    assert found.pairs["match_accuracy"] == 8 * 24
    assert "  match_accuracy: up to 192 pairs of samples\n" in f"{found}\n"
    assert (found.samples, found.engine, found.jobs, found.chunk_size) == (32, "threads", 2, 8)
    assert found.memory > 8
    first, second = found.passes
    assert [part.metrics for part in first.folds] == [
        ("basis_average",),
        ("code_usage",),
        ("basis_set",),
        ("label_information",),
        ("basis_set_size", "basis_set_size_increase"),
        ("match_accuracy",),
        ("sisc_adherence", "sisc_curve"),
    ]
    assert [part.metrics[0] for part in first.values] == ["num_activations", "feature_coverage"]
    assert (first.samples, first.reads) == (32, ("active", "codes", "inputs"))
    assert len(second.values) == 5
    assert (second.folds, second.samples) == ((), 32)
