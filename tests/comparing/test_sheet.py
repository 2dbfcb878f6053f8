"""A sheet fits a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sparsey_trace as st
from sparsey_trace.comparing.sheet import short_names
from tests.replay.runs import write_run

if TYPE_CHECKING:
    from pathlib import Path


def test_figures_do_not_depend_on_resolution_and_reduction(runs: list[Path]) -> None:
    rows = st.compare(runs, metrics=["num_activations"]).sheet().rows
    assert rows[0][:4] == ["num_activations", "train", "v1", "now"]
    for question in ({"reduction": "mean"}, {"resolution": "sample"}, {"resolution": "run"}):
        assert st.compare(runs, metrics=["num_activations"], **question).sheet().rows == rows


def test_four_runs_stay_within_100_columns(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / f"seed{seed}.h5", seed=seed) for seed in range(4)]
    sheet = st.compare(runs).sheet()
    assert sheet.runs == ["seed0", "seed1", "seed2", "seed3"]
    widths = [max(map(len, column)) for column in zip(sheet.heads, *sheet.rows, strict=True)]
    assert sum(widths) + 2 * (len(widths) - 1) <= 100
    assert (
        "* only if no other run is further above its chance: match_accuracy, match_accuracy_winners, sisc_adherence"
        in sheet.footer
    )


def test_short_names_number_what_is_too_long() -> None:
    assert short_names(["a/run.h5", "b/run.h5", "b/run2.h5"]) == ["a/run", "b/run", "run2"]
    assert short_names([f"{'long' * 6}{run}.h5" for run in "ab"]) == ["run 1", "run 2"]
    assert short_names(["run.h5", "run.metrics"]) == ["run 1", "run 2"]
    assert short_names([".", "b.h5"]) == [".", "b"]
