"""A run's figures come from tables that fit, or that are made now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow.parquet as pq
import pytest

import sparsey_trace as st
from sparsey_trace.errors import TraceError
from sparsey_trace.trace.paths import default_folder
from tests.comparing.folders import content
from tests.replay.runs import WIDTHS
from tests.table_counts import TABLES

if TYPE_CHECKING:
    from pathlib import Path


def test_tables_are_left_where_analyze_puts_them_and_used_again(runs: list[Path]) -> None:
    first = st.compare(runs)
    folders = [default_folder(run) for run in runs]
    assert [folder.name for folder in folders] == ["1.metrics", "2.metrics"]
    before = [content(folder) for folder in folders]
    assert len(before[0]) == TABLES
    again = st.compare(runs)
    assert [content(folder) for folder in folders] == before
    assert again.table.equals(first.table)
    assert (
        st.compare(folders)
        .table.drop(columns=["run", "layer"])
        .equals(first.table.drop(columns=["run", "layer"]))
    )


def test_missing_tables_are_added_beside_those_that_fit(runs: list[Path]) -> None:
    folder = default_folder(runs[0])
    st.analyze(runs[0], metrics=["match_accuracy"], out=folder)
    before = content(folder)
    comparison = st.compare(runs, metrics=["num_activations", "match_accuracy"])
    after = content(folder)
    assert after.keys() == {"match_accuracy.parquet", "num_activations.parquet"}
    assert after["match_accuracy.parquet"] == before["match_accuracy.parquet"]
    assert list(comparison.table["metric"].unique()) == [
        "num_activations",
        "match_accuracy",
        "match_accuracy_winners",
    ]


def test_a_table_that_answers_another_question_is_left_alone(runs: list[Path]) -> None:
    folder = default_folder(runs[0])
    jaccard = st.metrics.MatchAccuracy(distance="jaccard")
    st.analyze(runs[0], metrics=[jaccard], out=folder)
    before = content(folder)
    comparison = st.compare(runs, metrics=["match_accuracy"])
    assert content(folder) == before
    assert comparison.remarks == [
        f"{folder}: left as it is, found a table made with distance jaccard, not hamming"
    ]
    expected = list(st.analyze(runs[0], metrics=["match_accuracy"]).summary()["now"])
    assert list(comparison.table.query(f"run == '{runs[0]}'")["now"]) == expected


def test_another_traces_tables_are_left_alone(runs: list[Path]) -> None:
    folder = default_folder(runs[0])
    st.analyze(runs[1], metrics=["num_activations"], out=folder)
    before = content(folder)
    comparison = st.compare(runs, metrics=["basis_set_size"])
    assert content(folder) == before
    (remark,) = comparison.remarks
    assert f"tables of {runs[0]} were not kept: {folder}: expected an empty folder" in remark
    st.compare(runs, metrics=["num_activations"])
    assert content(folder) == before


def test_tables_of_a_run_that_has_grown_are_made_anew(tmp_path: Path, runs: list[Path]) -> None:
    growing = tmp_path / "growing.h5"
    layer = st.LayerLayout(name="v1", num_macs=1, num_cms=2, num_neurons=3, connections=[[0]])
    with st.TraceWriter(growing, st.Layout(num_features=1, layers=[layer])) as writer:
        for code in ([0, 1], [2, 1]):
            writer.append(inputs=[[1]], codes=[[[code]]], active=[[[True]]], phase="train")
            writer.commit()
            comparison = st.compare([growing, runs[0]], metrics=["basis_set_size"])
            assert comparison.figures[0].now == 1 + (code == [2, 1])
            assert comparison.runs[0].samples == 1 + (code == [2, 1])
    schema = pq.read_schema(tmp_path / "growing.metrics" / "basis_set_size.parquet")
    assert b'"samples": 2' in schema.metadata[b"sparsey_trace"]


def test_gaps_of_a_run_are_said(tmp_path: Path, runs: list[Path]) -> None:
    layer = st.LayerLayout(name="v1", num_macs=1, num_cms=2, num_neurons=3, connections=[[0]])
    thin = tmp_path / "thin.h5"
    with st.TraceWriter(thin, st.Layout(num_features=1, layers=[layer]), sampling={"every": 2}) as writer:
        writer.append(inputs=[[1]], codes=[[[[0, 1]]]], active=[[[True]]], phase="train")
    comparison = st.compare([thin, runs[0]], metrics=["basis_set_size"])
    assert f"{thin}: one step in 2 was recorded" in comparison.remarks
    assert any(remark.startswith(f"{thin}: basis_set_size: a lower bound") for remark in comparison.remarks)


def test_a_folder_of_another_resolution_is_refused(runs: list[Path]) -> None:
    st.analyze(runs[0], out=default_folder(runs[0]))
    with pytest.raises(TraceError, match=r"that fit, found a table made with resolution step, not epoch$"):
        st.compare([default_folder(runs[0]), runs[1]], resolution="epoch")


def test_a_folder_of_two_lengths_is_refused(tmp_path: Path, runs: list[Path]) -> None:
    out = tmp_path / "out"
    with st.TraceWriter(tmp_path / "w.h5", st.open_trace(runs[0]).layout) as writer:
        for metric in ("num_activations", "basis_set_size"):
            codes = [np.zeros((1, macs, 2), int) for macs in WIDTHS.values()]
            active = [np.ones((1, macs), bool) for macs in WIDTHS.values()]
            writer.append(inputs=np.ones((1, 12)), codes=codes, active=active, phase="train")
            writer.commit()
            st.analyze(tmp_path / "w.h5", metrics=[metric], out=out)
    with pytest.raises(TraceError, match="out: expected tables of one trace at one length, found 2 of these"):
        st.compare([out, runs[0]])
