"""The analysis of many runs into one data set."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest

import sparsey_trace as st
from sparsey_trace.errors import CacheWarning, OutputError, TraceError, UsageError
from sparsey_trace.runs import analyze_runs, one_run
from sparsey_trace.runs.runs import open_runs
from sparsey_trace.runs.runs_result import result_in
from tests.cli.commands import write_trace
from tests.clusters import a_cluster
from tests.faults import times
from tests.runs.sweeps import NAMES, resume

if TYPE_CHECKING:
    from pathlib import Path

    from sparsey_trace.runs.runs_result import RunsResult

METRICS = ["basis_set_size"]


@pytest.fixture
def analysed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the runs that are analysed, as it comes to that."""
    found: list[str] = []
    analyse = one_run.analyse_one
    monkeypatch.setattr(
        analyze_runs, "analyse_one", lambda task: found.append(task.entry.name) or analyse(task)
    )
    return found


def test_each_run_has_the_tables_of_its_own_analysis(written: Path, result: RunsResult) -> None:
    assert sorted(result) == ["basis_set_size", "match_accuracy"]
    assert [entry.name for entry in result.entries] == NAMES
    for name in ("b/run", "more/ranks"):
        with open_runs(written)[name] as trace:
            alone = st.analyze(trace, metrics=["basis_set_size", "match_accuracy"])
        for table in alone:
            assert result.run(name).path(table).read_bytes() == alone.path(table).read_bytes()
    with pytest.raises(KeyError, match=r"run: expected one of a/run, .*found 'c'"):
        result.run("c")


def test_a_broken_run_is_named_and_stops_no_other(result: RunsResult) -> None:
    assert list(result.failed) == ["more/broken"]
    assert repr(result) == "<RunsResult of 4 runs, 1 failed: basis_set_size, match_accuracy>"


def test_a_cluster_comes_to_the_same(written: Path, result: RunsResult, tmp_path: Path) -> None:
    with a_cluster(1, processes=False) as client:
        found = open_runs(written).analyze(
            metrics=METRICS, out=tmp_path / "out", engine="dask", client=client
        )
    assert (list(found), list(found.failed)) == (METRICS, ["more/broken"])
    for name in NAMES:
        one, other = (of.run(name).path("basis_set_size").read_bytes() for of in (found, result))
        assert one == other
    with pytest.raises(UsageError, match=r"^client: expected a distributed\.Client"):
        open_runs(written).analyze(metrics=METRICS, out=tmp_path / "out", engine="dask")


def test_three_tools_read_all_runs_as_one(result: RunsResult) -> None:
    in_pandas = pd.read_parquet(result.folder / "match_accuracy")
    frame = result.to_pandas("match_accuracy")
    rows, runs = len(frame), {entry.run for entry in result.entries}
    assert set(in_pandas["run"]) == set(frame["run"]) == runs
    assert set(frame["name"]) == set(NAMES)
    glob = f"{result.folder}/match_accuracy/*/*.parquet"
    polars = pl.read_parquet(result.folder / "match_accuracy", hive_partitioning=True)
    query = f"SELECT run, metric, value FROM read_parquet('{glob}', hive_partitioning = true)"
    found = duckdb.sql(query).df()
    assert len(in_pandas) == len(polars) == len(found) == rows
    assert set(polars["run"]) == set(found["run"]) == runs
    assert set(found["metric"]) == {"match_accuracy"}
    joined = duckdb.sql(
        f"""SELECT "config.lr" AS lr, count(DISTINCT run) AS runs
        FROM read_parquet('{glob}', hive_partitioning = true)
        JOIN '{result.folder}/runs.parquet' USING (run) GROUP BY ALL ORDER BY lr"""
    ).df()
    assert joined.to_dict("list") == {"lr": [0.1, 0.5], "runs": [3, 1]}
    read = result["match_accuracy"].to_table(columns=["run", "value"])
    assert (read.num_rows, read.column_names) == (rows, ["run", "value"])


def test_an_id_of_digits_only_stays_a_text(result: RunsResult, tmp_path: Path) -> None:
    folder = tmp_path / "match_accuracy"
    for run in ("1" * 32, "0" * 31 + "7", "12e4" + "5" * 28):
        (folder / f"run={run}").mkdir(parents=True)
        shutil.copy(result.run("a/run").path("match_accuracy"), folder / f"run={run}" / "part-00000.parquet")
    expected = {"1" * 32, "0" * 31 + "7", "12e4" + "5" * 28}
    assert set(pd.read_parquet(folder)["run"]) == expected
    glob = f"read_parquet('{folder}/*/*.parquet', hive_partitioning = true)"
    assert {run for (run,) in duckdb.sql(f"SELECT DISTINCT run FROM {glob}").fetchall()} == expected
    found = pl.scan_parquet(folder, hive_partitioning=True, hive_schema={"run": pl.String})
    assert set(found.select("run").collect()["run"]) == expected


def test_tables_alone_tell_what_runs_came_to(result: RunsResult, tmp_path: Path) -> None:
    folder = shutil.copytree(
        result.folder, tmp_path / "tables", ignore=shutil.ignore_patterns(".sparsey-trace")
    )
    alone = result_in(folder)
    assert alone.summaries() == result.summaries()
    assert alone.better() == result.better()
    assert not [rows for rows in alone.summaries({"num_activations"}).values() if rows]
    broken = alone.run("a/run").path("match_accuracy")
    broken.write_bytes(broken.read_bytes()[:-20])
    kept = {row.metric for row in result_in(folder).summaries()[alone.entries[0].run]}
    assert kept == {"basis_set_size"}


def test_summaries_of_all_runs_lie_beside_the_tables(result: RunsResult, written: Path) -> None:
    summary = result.summary("eval")
    with open_runs(written)["a/run"] as trace:
        alone = st.analyze(trace, metrics=["match_accuracy"]).summary("eval")
    mine = summary[
        (summary["name"] == "a/run") & (summary["metric"].str.startswith("match_accuracy"))
    ].reset_index()
    pd.testing.assert_frame_equal(mine[list(alone.columns)], alone, check_dtype=False)
    kept = pd.read_parquet(result.folder / "summary.parquet")
    assert set(kept["name"]) == set(NAMES)
    assert result.catalogue()["name"].tolist() == NAMES
    with pytest.raises(UsageError, match="phase: expected one of train, eval"):
        result.summary("test")


def test_what_is_known_is_not_made_again(sweep: Path, analysed: list[str]) -> None:
    runs = open_runs(sweep)
    assert len(runs.analyze(metrics=METRICS)) == 1
    assert analysed == NAMES
    analysed.clear()
    found = open_runs(sweep).analyze(metrics=METRICS)
    assert analysed == []
    assert len(found.summary()) == 8
    # Another metric joins them; a table that is gone, or was changed, is made again.
    table = found.run("a/run").path("basis_set_size")
    found.run("b/run").path("basis_set_size").unlink()
    table.write_bytes(table.read_bytes()[:-10])
    resume(sweep, 2)
    with pytest.warns(CacheWarning, match="expected the table as it was written, found it changed"):
        open_runs(sweep).analyze(metrics=METRICS)
    assert analysed == ["a/run", "b/run", "more/resumed"]
    assert pq.read_table(table).num_rows
    # The resumed run has another id now: it counts once.
    assert len(list((sweep / "runs.metrics" / "basis_set_size").iterdir())) == 4
    analysed.clear()
    (sweep / "a" / "run.h5").unlink()
    more = open_runs(sweep).analyze(metrics=["num_activations"])
    assert analysed == ["b/run", "more/ranks", "more/resumed"]
    assert sorted(more) == ["basis_set_size", "num_activations"]
    kept = sweep / "runs.metrics" / "runs.parquet"
    assert sorted(pd.read_parquet(kept)["state"]) == ["broken", "closed", "closed", "closed", "gone"]
    assert list(more.gone.values()) == ["a/run"]
    # Another in its place: no two have one name.
    run = next(iter(more.gone))
    write_trace(sweep / "a" / "run.h5", config={"lr": 0.2})
    again = open_runs(sweep).analyze(metrics=["num_activations"])
    assert again.gone == {run: f"a/run ({run[:8]})"}
    names = [entry.name for entry in result_in(sweep / "runs.metrics").entries]
    assert sorted(names) == ["a/run", f"a/run ({run[:8]})", *NAMES[1:]]
    assert open_runs(sweep).analyze(metrics=["num_activations"]).gone == again.gone


def test_what_is_interrupted_goes_on(
    sweep: Path, monkeypatch: pytest.MonkeyPatch, analysed: list[str]
) -> None:
    analyse = analyze_runs.analyse_one

    def interrupted(task: Any) -> str:
        if len(analysed) == 2:
            raise KeyboardInterrupt
        return analyse(task)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(analyze_runs, "analyse_one", interrupted)
        open_runs(sweep).analyze(metrics=METRICS)
    assert (sweep / "runs.metrics" / "runs.parquet").exists()
    open_runs(sweep).analyze(metrics=METRICS)
    assert analysed == NAMES


def test_many_processes_are_not_given_too_little_memory_to_work(
    sweep: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[int] = []

    def failing(task: one_run.OneRun) -> str:
        given.append(task.options["total_memory"])
        return "not now"

    monkeypatch.setattr(analyze_runs, "analyse_one", failing)
    monkeypatch.setattr(analyze_runs, "process_pool", ThreadPoolExecutor)
    for memory in ("1G", "8G"):
        with pytest.raises(TraceError, match="not now"):
            open_runs(sweep).analyze(metrics=METRICS, n_jobs=64, engine="processes", total_memory=memory)
    assert given == [384 << 20] * 4 + [2 << 30] * 4


def test_tables_of_a_metric_are_all_made_alike(result: RunsResult, written: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(result.folder, tmp_path / "results")
    with pytest.raises(
        OutputError, match=r"expected all tables of basis_set_size to be made alike, found a table"
    ):
        open_runs(written).analyze(metrics=METRICS, out=folder, resolution="epoch")
    with pytest.raises(OutputError, match="expected an empty folder, or earlier results of"):
        st.analyze(written / "a" / "run.h5", metrics=METRICS, out=folder)
    with pytest.raises(UsageError, match="engine: expected one of auto, serial"):
        open_runs(written).analyze(engine="magic")


def test_not_one_run_that_can_be_analysed_is_an_error(sweep: Path) -> None:
    with pytest.raises(
        TraceError, match="expected runs that can be analysed, found none among 1; of broken: "
    ):
        open_runs(sweep / "more" / "broken.h5").analyze()


@pytest.mark.skipif(not times(0, 1), reason="starts processes")
def test_processes_make_the_same_bytes(result: RunsResult, written: Path, tmp_path: Path) -> None:
    found = open_runs(written).analyze(
        metrics=["basis_set_size", "match_accuracy"], out=tmp_path, n_jobs=2, engine="processes"
    )
    for path in result.folder.glob("*/run=*/*.parquet"):
        assert (tmp_path / path.relative_to(result.folder)).read_bytes() == path.read_bytes()
    assert found.failed == result.failed
