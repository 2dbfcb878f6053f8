"""Runs in a store: found, known and analysed where they lie, as those in a folder here are."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING, Any

import fsspec
import pytest

import sparsey_trace as st
from sparsey_trace.errors import TraceError, UsageError
from sparsey_trace.runs import catalogue
from sparsey_trace.runs.runs import open_runs
from tests.buckets import bucket, in_memory
from tests.cli.commands import sparsey_trace, write_trace
from tests.runs.sweeps import NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sparsey_trace.runs.runs_result import RunsResult

METRICS = ["basis_set_size", "match_accuracy"]


@pytest.fixture
def stored(written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The store that holds the sweep."""
    monkeypatch.chdir(tmp_path)
    with in_memory() as store:
        store.put(str(written), "/sweep", recursive=True)
        yield store


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of files that are opened to look at them."""
    names, read_file = [], catalogue.read_file
    monkeypatch.setattr(catalogue, "read_file", lambda path: (names.append(path.name), read_file(path))[1])
    return names


def said(*arguments: str) -> str:
    done = sparsey_trace(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def tables_of(result: RunsResult) -> dict[str, bytes]:
    return {
        path.relative_to(result.folder).as_posix(): path.read_bytes()
        for path in result.folder.rglob("part-*.parquet")
    }


@pytest.mark.usefixtures("stored")
def test_they_have_the_names_that_they_have_here() -> None:
    runs = st.open_runs("memory://sweep")
    assert list(runs) == NAMES
    assert [len(run) for run in runs.values()] == [32, 32, 64, 64]
    assert repr(runs) == "<Runs: 4, and 1 broken, in memory://sweep>"
    assert runs.broken()["more/broken"].startswith("memory://sweep/more/broken.h5: expected a whole file")
    assert list(open_runs("memory://sweep/*/run.h5")) == ["a/run", "b/run"]
    assert list(open_runs("memory://sweep/a/run.h5")) == ["run"]
    assert list(open_runs(["memory://sweep/a", "memory://sweep/more/ranks.rank*.h5"])) == [
        "a/run",
        "more/ranks",
    ]


@pytest.mark.usefixtures("stored")
def test_the_catalogue_is_told_by_urls_and_nothing_is_made_here(tmp_path: Path) -> None:
    found = open_runs("memory://sweep").catalogue().set_index("name")
    assert found["path"]["more/ranks"] == "memory://sweep/more/ranks.rank0.h5"
    assert found["config.lr"]["b/run"] == 0.5
    assert list(tmp_path.iterdir()) == []


def test_tables_are_those_of_runs_here(stored: Any, result: RunsResult, opened: list[str]) -> None:
    found = open_runs("memory://sweep").analyze(metrics=METRICS)
    assert list(found.failed) == ["more/broken"]
    assert tables_of(found) == tables_of(result)
    assert stored.isfile("/sweep/runs.metrics/manifest.json")
    opened.clear()
    again = open_runs("memory://sweep")
    assert list(again) == NAMES
    # What is known of the others is kept in the store.
    assert opened == ["broken.h5", "checkpoint.h5"]
    assert tables_of(again.analyze(metrics=METRICS)) == tables_of(result)


def test_one_that_was_replaced_is_opened_again(stored: Any, opened: list[str], tmp_path: Path) -> None:
    open_runs("memory://sweep/*/run.h5").analyze(metrics=METRICS[:1])
    write_trace(tmp_path / "run.h5", config={"lr": 0.7})
    stored.put(str(tmp_path / "run.h5"), "/sweep/a/run.h5")
    opened.clear()
    found = open_runs("memory://sweep/*/run.h5").catalogue().set_index("name")
    assert opened == ["run.h5"]
    assert found["config.lr"].to_dict() == {"a/run": 0.7, "b/run": 0.5}


@pytest.mark.usefixtures("stored")
def test_a_report_and_a_comparison_go_to_the_folder_that_one_is_in(tmp_path: Path) -> None:
    runs = "memory://sweep/*/run.h5"
    assert "a/run" in said("compare", "--runs", runs, "-m", "basis_set_size")
    said("report", "--runs", runs)
    assert [path.name for path in tmp_path.iterdir()] == ["runs.html"]
    assert "2 runs in sweep" in (tmp_path / "runs.html").read_text()


@pytest.mark.usefixtures("stored")
def test_the_command_line_takes_urls(written: Path, tmp_path: Path) -> None:
    assert "more/resumed" in said("runs", "memory://sweep")
    facts = json.loads(said("info", "--json", "memory://sweep"))
    assert facts["differing"]["lr"] == json.loads(said("info", "--json", str(written)))["differing"]["lr"]
    analyze = "analyze", "--runs", "memory://sweep/*/run.h5", "-m", "basis_set_size"
    said(*analyze)
    assert re.search(
        r"catalogue: memory://sweep/runs\.metrics/\w+-\w+/runs\.parquet", said("runs", "memory://sweep")
    )
    said(*analyze, "-o", "memory://out.metrics")
    assert fsspec.filesystem("memory").isfile("/out.metrics/manifest.json")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("stored")
def test_what_cannot_be_had_is_told(written: Path) -> None:
    with pytest.raises(
        TraceError, match=r"memory:///nowhere: expected a run, or a folder of runs, found neither"
    ):
        open_runs("memory://nowhere")
    with pytest.raises(TraceError, match=r"memory://sweep/\*\.hdf: expected runs there, files that end in"):
        open_runs("memory://sweep/*.hdf")
    assert "memory://sweep/*.hdf: expected runs there" in sparsey_trace("runs", "memory://sweep/*.hdf").stderr
    with pytest.raises(UsageError, match="expected runs in one place, found some here and some at URLs"):
        open_runs(["memory://sweep", written])
    with pytest.raises(UsageError, match="expected runs in a store, found a URL that leads through another"):
        open_runs("zip://*.h5::memory://sweep.zip")
    with pytest.raises(TraceError, match=r"nosuch://sweep: expected runs there .*, found ValueError"):
        open_runs("nosuch://sweep")


def test_a_bucket(written: Path, result: RunsResult) -> None:
    with bucket("sweeps") as store:
        store.put(str(written), "sweeps/one", recursive=True)
        runs = open_runs("s3://sweeps/one")
        assert list(runs) == NAMES
        assert tables_of(runs.analyze(metrics=METRICS)) == tables_of(result)


def test_a_file_url_is_a_folder_here(written: Path, tmp_path: Path) -> None:
    shutil.copytree(written / "a", tmp_path / "a")
    runs = open_runs(f"file://{tmp_path}")
    assert (list(runs), runs.folder) == (["a/run"], tmp_path / "runs.metrics")
