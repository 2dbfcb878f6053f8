"""Match accuracy by class and distance, against a plain count."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings

import sparsey_trace as st
from sparsey_trace import Chunk
from sparsey_trace.charts.shared.matches import matches
from sparsey_trace.layout import NO_LABEL
from tests.charts.looks import RUNS, looked_at, run_of
from tests.faults import times
from tests.replay.runs import write_run

if TYPE_CHECKING:
    from pathlib import Path


@given(chunk=RUNS)
@settings(deadline=None, max_examples=times(5, 30))
def test_winners_that_agree_by_class_and_distance_are_those_of_the_last_evaluation(chunk: Chunk) -> None:
    with looked_at(chunk, "match_accuracy") as run:
        if (
            "match_accuracy" not in run.tables
            or not pq.read_metadata(run.tables.path("match_accuracy")).num_rows
        ):
            return
        winners = st.metrics.MatchAccuracy(similarity="intersection")
        by_sample = st.analyze(run.trace, metrics=[winners], resolution="sample")
        frame = by_sample.to_pandas("match_accuracy")
        turn = frame["epoch"].diff().ne(0).cumsum()  # an epoch may come back
        frame = frame[turn == turn.iloc[-1]]
        chances = {row.layer: row.chance for row in by_sample.summary_rows()}
        for found in matches(run):
            mine = (
                frame[frame["layer"] == found.layer]
                .groupby("sample")
                .agg(label=("label", "first"), value=("value", "mean"), distance=("distance", "first"))
                .dropna(subset="value")
            )
            assert found.chance == chances[found.layer]
            assert found.samples == len(mine) == found.by_class.size.sum() == found.by_distance.size.sum()
            by_class = mine.assign(label=mine["label"].fillna(NO_LABEL)).groupby("label")["value"].mean()
            assert found.label.tolist() == by_class.index.tolist()
            np.testing.assert_allclose(found.by_class.mean, by_class, rtol=1e-5)
            assert (found.high[:-1] < found.low[1:]).all()
            for low, high, mean, size in zip(
                found.low, found.high, found.by_distance.mean, found.by_distance.size, strict=True
            ):
                inside = mine[mine["distance"].between(low, high)]
                assert len(inside) == size > 0
                assert mean == pytest.approx(inside["value"].mean(), rel=1e-5)


def test_distances_are_those_of_the_runs_table(tmp_path: Path) -> None:
    metric = st.metrics.MatchAccuracy(distance="jaccard", similarity="jaccard")
    with st.open_trace(write_run(tmp_path / "run.h5", seed=1)) as trace:
        by_sample = st.analyze(trace, metrics=[metric], resolution="sample").to_pandas("match_accuracy")
        found = matches(run_of(trace, st.analyze(trace, metrics=[metric])))
    assert {(one.measure, one.high[-1] <= 1) for one in found} == {("jaccard", True)}
    last = by_sample[by_sample["epoch"] == by_sample["epoch"].max()]
    assert found[0].low[0] == last["distance"].min()
