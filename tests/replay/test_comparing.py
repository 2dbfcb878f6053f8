"""Runs side by side: the right figures, the right winners, and what isn't shared is said."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

import sparsey_trace as st
from sparsey_trace.comparing.area import areas
from sparsey_trace.comparing.sheet import short_names
from sparsey_trace.errors import TraceError, UsageError
from sparsey_trace.trace.paths import default_folder
from tests.replay.runs import WIDTHS, write_run


@pytest.fixture
def runs(tmp_path: Path) -> list[Path]:
    return [write_run(tmp_path / f"{seed}.h5", seed=seed) for seed in (1, 2)]


def content(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.glob("[!.]*")}


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


@pytest.mark.parametrize("resolution", ["sample", "step", "epoch"])
def test_the_area_is_that_under_straight_lines_over_train_samples(runs: list[Path], resolution: str) -> None:
    result = st.analyze(runs[0], metrics=["basis_set_size"], resolution=resolution)
    frame = result.to_pandas("basis_set_size").query("phase == 'train'")
    frame["samples"] = frame.get("samples", 1)
    keys = [name for name in ("sample", "step", "epoch") if name in frame]
    for layer, macs in frame.groupby("layer"):
        means = macs.groupby(keys)[["value", "samples"]].mean()
        seen = np.concatenate([[0], means["samples"].cumsum()])
        expected = np.trapezoid(np.concatenate([[0], means["value"]]), seen) / seen[-1]
        assert areas(result.paths["basis_set_size"])[layer] == pytest.approx(expected, rel=1e-12)


def test_only_growth_has_an_area(runs: list[Path]) -> None:
    result = st.analyze(runs[0])
    assert [name for name, path in result.paths.items() if areas(path)] == ["basis_set_size"]
    of_run = st.analyze(runs[0], metrics=["basis_set_size"], resolution="run")
    assert areas(of_run.paths["basis_set_size"]) == {}
    reduced = st.analyze(runs[0], metrics=["basis_set_size"], reduction="mean")
    assert list(areas(reduced.paths["basis_set_size"])) == [None]


def test_tables_are_left_where_analyze_puts_them_and_used_again(runs: list[Path]) -> None:
    first = st.compare(runs)
    folders = [default_folder(run) for run in runs]
    assert [folder.name for folder in folders] == ["1.metrics", "2.metrics"]
    before = [content(folder) for folder in folders]
    assert len(before[0]) == 8
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
    assert list(comparison.table["metric"].unique()) == ["num_activations", "match_accuracy"]


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
    expected = [line.last for line in st.analyze(runs[0], metrics=["match_accuracy"]).summary()]
    assert list(comparison.table.query(f"run == '{runs[0]}'")["last"]) == expected


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
            assert comparison.figures[0].last == 1 + (code == [2, 1])
            assert comparison.runs[0].samples == 1 + (code == [2, 1])
    schema = pq.read_schema(tmp_path / "growing.metrics" / "basis_set_size.parquet")
    assert b'"samples": 2' in schema.metadata[b"sparsey_trace"]


def test_layers_pair_by_name_and_what_is_not_shared_is_said(tmp_path: Path) -> None:
    low = write_run(tmp_path / "low.h5", widths={"v1": 3, "v4": 2})
    high = write_run(tmp_path / "high.h5", seed=1, widths={"v1": 5, "v2": 4, "v4": 2}, inputs=False)
    comparison = st.compare([low, high])
    assert comparison.remarks == [
        f"no feature_coverage of {high}: the trace has no inputs",
        f"no match_accuracy of {high}: the trace has no inputs",
        f"no basis_average of {high}: the trace has no inputs",
        f"no sisc_adherence of {high}: the trace has no inputs",
        f"layer v2 is only in {high}",
        f"layer v1 isn't the same: 3 MACs of 2 CMs with 3 neurons in {low}; "
        f"5 MACs of 2 CMs with 3 neurons in {high}",
    ]
    v4 = comparison.table.query("layer == 'v4' and metric == 'num_activations'")
    assert list(v4["number"]) == [1, 2]
    rows = comparison.sheet().rows
    assert {row[0] for row in rows} == {"num_activations", "basis_set_size", "basis_set_size_increase"}
    assert {row[1] for row in rows} == {"v1", "v4"}
    means = [st.analyze(run, metrics=["num_activations"]).summary()[0].last for run in (low, high)]
    v1 = comparison.table.query("layer == 'v1' and metric == 'num_activations'")
    assert (list(v1["last"]), v1["change"].iloc[1]) == (means, means[1] - means[0])


def test_layers_without_a_common_name_pair_by_number(tmp_path: Path) -> None:
    a = write_run(tmp_path / "a.h5", widths={"v1": 3})
    b = write_run(tmp_path / "b.h5", seed=1, widths={"w1": 3, "w2": 2})
    comparison = st.compare([a, b], metrics=["num_activations"])
    assert list(comparison.table["layer"]) == ["0", "0", "1"]
    assert comparison.remarks == [
        "layers are compared by number: they have no name in common",
        f"layer 1 is only in {b}",
    ]


def test_a_folder_beside_a_trace_pairs_by_number(runs: list[Path]) -> None:
    folder = default_folder(runs[0])
    st.analyze(runs[0], metrics=["num_activations", "basis_set_size"], out=folder)
    comparison = st.compare([folder, runs[1]], metrics=["num_activations", "match_accuracy"])
    assert list(comparison.table["layer"].unique()) == ["0", "1"]
    assert comparison.remarks == [
        f"no match_accuracy of {folder}: found no match_accuracy.parquet",
        f"layers are compared by number: tables in {folder} don't have their names",
    ]


def test_gaps_of_a_run_are_said(tmp_path: Path, runs: list[Path]) -> None:
    layer = st.LayerLayout(name="v1", num_macs=1, num_cms=2, num_neurons=3, connections=[[0]])
    thin = tmp_path / "thin.h5"
    with st.TraceWriter(thin, st.Layout(num_features=1, layers=[layer]), sampling={"every": 2}) as writer:
        writer.append(inputs=[[1]], codes=[[[[0, 1]]]], active=[[[True]]], phase="train")
    comparison = st.compare([thin, runs[0]], metrics=["basis_set_size"])
    assert f"{thin}: one step in 2 was recorded" in comparison.remarks
    assert any(remark.startswith(f"{thin}: basis_set_size: a lower bound") for remark in comparison.remarks)


def test_a_metric_without_values_is_said(tmp_path: Path) -> None:
    short = [write_run(tmp_path / f"{seed}.h5", seed=seed, steps=3) for seed in (1, 2)]
    comparison = st.compare(short, metrics=["num_activations", "match_accuracy"])
    assert comparison.remarks == ["no match_accuracy: no sample has a value"]


def test_reduced_values_have_no_layer(runs: list[Path]) -> None:
    comparison = st.compare(runs, metrics=["num_activations"], reduction="mean")
    assert [figures.layer for figures in comparison.figures] == [None, None]
    assert comparison.sheet().rows[0][:3] == ["num_activations", "", "last"]


def test_four_runs_stay_within_100_columns(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / f"seed{seed}.h5", seed=seed) for seed in range(4)]
    sheet = st.compare(runs).sheet()
    assert sheet.runs == ["seed0", "seed1", "seed2", "seed3"]
    widths = [max(map(len, column)) for column in zip(sheet.heads, *sheet.rows, strict=True)]
    assert sum(widths) + 2 * (len(widths) - 1) <= 100


def test_short_names_number_what_is_too_long() -> None:
    assert short_names(["a/run.h5", "b/run.h5", "b/run2.h5"]) == ["a/run", "b/run", "run2"]
    assert short_names([f"{'long' * 6}{run}.h5" for run in "ab"]) == ["run 1", "run 2"]
    assert short_names(["run.h5", "run.metrics"]) == ["run 1", "run 2"]
    assert short_names([".", "b.h5"]) == [".", "b"]


def test_it_shows_itself(runs: list[Path]) -> None:
    comparison = st.compare(runs, metrics=["basis_set_size"])
    assert repr(comparison) == f"<Comparison: {runs[0]}, {runs[1]}>"
    page = comparison._repr_html_()
    assert page.count("<tr>") == 1 + 2 * 4
    assert "<th>1</th><th>2</th><th>change</th>" in page
    assert "<p>* lowest is best: basis_set_size</p>" in page


def test_open_traces_and_several_files_are_runs_too(runs: list[Path]) -> None:
    with st.open_trace(runs[0]) as trace:
        comparison = st.compare([trace, [runs[1]]], metrics=["num_activations"])
    assert [run.name for run in comparison.runs] == [*map(str, runs)]


@pytest.mark.parametrize("given", ["run.h5", Path("run.h5"), ["run.h5"], []])
def test_one_run_alone_is_refused(given: object) -> None:
    found = repr(given) if isinstance(given, (str, Path)) else len(given)
    with pytest.raises(UsageError, match=f"expected two or more to compare, found {re.escape(str(found))}$"):
        st.compare(given)


def test_the_same_trace_twice_is_refused(runs: list[Path]) -> None:
    expected = f"{runs[0]}: expected another run than {runs[0]}, found the same trace"
    with pytest.raises(UsageError, match=re.escape(expected)):
        st.compare([runs[0], runs[1], runs[0]])
    assert not default_folder(runs[0]).exists()
    folder = default_folder(runs[0])
    st.analyze(runs[0], metrics=["num_activations"], out=folder)
    with pytest.raises(UsageError, match=f"{folder}: expected another run than {runs[0]}, found the same"):
        st.compare([runs[0], folder], metrics=["num_activations"])


def test_unreadable_runs_are_named_before_anything_is_computed(tmp_path: Path, runs: list[Path]) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    for other, found in (
        (tmp_path / "no.h5", "expected a trace file, found no such file"),
        (Path(__file__), "found a file that isn't HDF5"),
    ):
        with pytest.raises(TraceError, match=f"{re.escape(str(other))}: .*{found}"):
            st.compare([runs[0], other])
    assert not default_folder(runs[0]).exists()
    with pytest.raises(
        TraceError, match=r"empty: expected a trace, or a folder with tables .* without tables"
    ):
        st.compare([runs[0], empty], metrics=["num_activations"])


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


def test_runs_that_share_nothing_are_refused(tmp_path: Path, runs: list[Path]) -> None:
    folder = default_folder(runs[0])
    st.analyze(runs[0], metrics=["match_accuracy"], out=folder)
    bare = write_run(tmp_path / "bare.h5", seed=9, inputs=False)
    with pytest.raises(TraceError, match="expected runs that share a metric and a layer, found none shared"):
        st.compare([folder, bare], metrics=["match_accuracy", "num_activations"])
