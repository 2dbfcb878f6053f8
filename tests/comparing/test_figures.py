"""Figures are those of each run's summary, and the best one wins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import sparsey_trace as st
from tests.replay.runs import write_run

if TYPE_CHECKING:
    from pathlib import Path


def test_figures_are_those_of_each_runs_summary(runs: list[Path]) -> None:
    table = st.compare(runs).table.set_index(["run", "metric", "number"])
    for run in runs:
        lines = st.analyze(run).summary()
        assert len(table.loc[str(run)]) == len(lines) == 16
        for line in lines:
            found = table.loc[str(run), line.table, line.layer]
            assert (found["last"], found["at"], found["layer"]) == (line.last, line.at, f"v{line.layer + 1}")
            assert found["best"] == line.best or (np.isnan(found["best"]) and line.best is None)


def test_the_winner_is_the_best_by_the_metrics_own_comparison(runs: list[Path]) -> None:
    table = st.compare([*runs, write_run(runs[0].with_name("3.h5"), seed=3)]).table
    won = set()
    for (metric, _), group in table.groupby(["metric", "layer"]):
        for figure in ("last", "best", "area"):
            values, wins = group[figure], group[f"wins_{figure}"]
            if metric == "basis_average" or values.isna().any():
                assert not wins.any()
                continue
            lowest = metric in ("num_activations", "basis_set_size", "basis_set_size_increase")
            best = values.min() if lowest else values.max()
            assert list(wins) == list((values == best) & ((values == best).sum() == 1))
            won |= {(metric, figure)} if wins.any() else set()
    assert {("basis_set_size", "area"), ("basis_set_size", "last"), ("match_accuracy", "best")} <= won


def test_a_tie_has_no_winner(tmp_path: Path) -> None:
    alike = [write_run(tmp_path / name, seed=1) for name in ("a.h5", "b.h5")]
    table = st.compare(alike).table
    assert not table[["wins_last", "wins_best", "wins_area"]].any(axis=None)
    assert not table["change"].any()
