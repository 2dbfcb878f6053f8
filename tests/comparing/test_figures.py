"""Figures are those of each run's summary, and the best one wins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

import sparsey_trace as st
from sparsey_trace.comparing.figures import winner
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
            leads = (values - group["chance"]).fillna(1)
            is_furthest = (leads > 0) & (leads == leads.max())
            assert list(wins) == list((values == best) & ((values == best).sum() == 1) & is_furthest)
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


@pytest.mark.parametrize(
    ("values", "chances", "expected"),
    [
        ([0.9, 0.7], [0.2, 0.2], 0),
        ([1.0, 0.9], [1.0, 0.2], None),  # always the same code
        ([0.967, 0.949], [0.959, 0.862], None),  # higher as there is more silence
        ([0.2, 0.19], [0.21, 0.21], None),  # neither is above chance
        ([0.9, 0.9], [0.2, 0.1], None),
        ([0.9, None, 0.8], [0.2, None, 0.2], 0),
    ],
)
def test_what_is_high_by_chance_is_not_best(
    values: list[float | None], chances: list[float | None], expected: int | None
) -> None:
    assert winner(values, chances, "highest") == expected
    assert winner(values, chances, None) is None
