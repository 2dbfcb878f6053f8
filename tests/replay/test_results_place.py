"""Results at a URL are those of a folder here: the same tables, known to later analyses, and read back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import sparsey_trace as st
from sparsey_trace.errors import OutputError, TraceError
from tests.buckets import bucket, in_memory
from tests.replay.runs import write_run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ASKED: dict[str, Any] = {"metrics": ["basis_set_size", "num_activations"], "partition_size": 16}


@pytest.fixture
def memory() -> Iterator[Any]:
    """A store, empty after."""
    with in_memory() as store:
        yield store


def check_tables(run: Path, url: str) -> None:
    """Analyse into a URL: its tables are those of a folder here, and read back they are what they were."""
    here = st.analyze(run, **ASKED, out=run.with_suffix(".here"))
    made = st.analyze(run, **ASKED, out=url)
    for result in (made, st.open_result(url), st.open_result(run.with_suffix(".here"))):
        assert isinstance(result, st.Result)
        for name in here:
            files = sorted(file.name for file in here.path(name).iterdir())
            assert files == ["part-00000.parquet", "part-00001.parquet"]
            for file in files:
                assert (result.path(name) / file).read_bytes() == (here.path(name) / file).read_bytes()
    assert len(made.summary()) == len(st.open_result(url).summary()) == 6
    assert "basis_set_size: from the cache" in str(st.explain(run, **ASKED, out=url))
    assert len(st.analyze(run, metrics=["basis_set_size_increase"], out=url + "/")) == 1
    assert list(st.open_result(url)) == ["basis_set_size", "basis_set_size_increase", "num_activations"]


def test_tables_at_a_url_are_those_of_a_folder(memory: Any, tmp_path: Path) -> None:
    run, url = write_run(tmp_path / "run.h5", seed=1), "memory://results/run.metrics"
    check_tables(run, url)
    compared = st.compare([url, write_run(tmp_path / "other.h5", seed=2)], metrics=["basis_set_size"])
    assert [figures.name for figures in compared.runs][1] == str(tmp_path / "other.h5")
    other = write_run(tmp_path / "third.h5", seed=3)
    with pytest.raises(OutputError, match=f"^{url}[^ ]*: expected an empty folder, or earlier results of "):
        st.analyze(other, **ASKED, out=url)
    assert st.open_result(url).path("basis_set_size") == st.open_result(url).path("basis_set_size")


def test_many_runs_results_at_a_url(memory: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = "memory://results/runs.metrics"
    (tmp_path / "sweep").mkdir()
    for seed in range(2):
        write_run(tmp_path / "sweep" / f"{seed}.h5", seed=seed)
    runs = st.open_runs(tmp_path / "sweep")
    monkeypatch.setattr("sparsey_trace.runs.looking._RACY", 0)
    made = runs.analyze(metrics=["num_activations"], out=url)
    again = st.open_result(url)
    assert again.summary().equals(made.summary())
    # Runs that haven't changed aren't opened.
    monkeypatch.setattr("sparsey_trace.runs.analyze_runs.analyse_one", None)
    assert list(st.open_runs(tmp_path / "sweep").analyze(metrics=["num_activations"], out=url)) == list(made)
    assert len(st.compare(again).wide) == 2


def test_what_can_t_be_uploaded_stays_here(
    memory: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = write_run(tmp_path / "run.h5", seed=1)

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "no room")

    monkeypatch.setattr(memory, "put_file", full)
    with pytest.raises(OutputError) as caught:
        st.analyze(run, **ASKED, out="memory://results/run.metrics")
    found, _, kept = str(caught.value).partition("; what was made is in ")
    assert (
        found
        == "memory://results/run.metrics: expected to write results there, found OSError: [Errno 28] no room"
    )
    assert list(st.open_result(kept)) == ["basis_set_size", "num_activations"]
    with pytest.raises(TraceError, match="expected a folder of results, which `analyze` writes, found none"):
        st.open_result("memory://results/run.metrics")
    with pytest.raises(
        TraceError, match="expected a folder of results, which `analyze` writes, found none in it"
    ):
        st.open_result(tmp_path)


def test_tables_in_a_bucket(tmp_path: Path) -> None:
    with bucket("results"):
        check_tables(write_run(tmp_path / "run.h5", seed=1), "s3://results/a/run.metrics")
