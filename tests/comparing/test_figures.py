"""Figures are those of each run's summary, and the best one wins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

import sparsey_trace as st
from tests.replay.runs import write_run

if TYPE_CHECKING:
    from pathlib import Path


def test_figures_are_those_of_each_runs_summary(runs: list[Path]) -> None:
    table = st.compare(runs).table.set_index(["run", "metric", "phase", "number"])
    shown = ["now", "best", "best_epoch", "chance", "samples", "unit"]
    for run in runs:
        rows = st.analyze(run).summary().set_index(["metric", "phase", "layer"])
        found = table.loc[str(run)]
        assert set(found.index) == set(rows.index)
        rows = rows.loc[found.index]
        assert list(found["layer"]) == list(rows["layer_name"])
        pd.testing.assert_frame_equal(found[shown], rows[shown], check_names=False)


def test_the_winner_is_the_best_by_the_metrics_own_comparison(runs: list[Path]) -> None:
    table = st.compare([*runs, write_run(runs[0].with_name("3.h5"), seed=3)]).table
    won = set()
    for (metric, _, _), group in table.groupby(["metric", "phase", "layer"]):
        for figure in ("now", "best", "area"):
            values, wins = group[figure], group[f"wins_{figure}"]
            if group["best"].isna().any() or values.isna().any():
                assert not wins.any()
                continue
            best = values.max()
            assert list(wins) == list((values == best) & ((values == best).sum() == 1))
            won |= {(metric, figure)} if wins.any() else set()
    assert {("match_accuracy", "now"), ("match_accuracy", "best"), ("sisc_adherence", "now")} <= won
    assert (
        not {"num_activations", "basis_set_size", "basis_set_size_increase", "basis_average"}
        & dict(won).keys()
    )


def test_a_tie_has_no_winner(tmp_path: Path) -> None:
    alike = [write_run(tmp_path / name, seed=1) for name in ("a.h5", "b.h5")]
    table = st.compare(alike).table
    assert not table[["wins_now", "wins_best", "wins_area"]].any(axis=None)
    assert not table["change"].any()
