"""What can be compared, and what is refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import sparsey_trace as st
from sparsey_trace.errors import TraceError, UsageError
from sparsey_trace.trace.paths import default_folder
from tests.replay.runs import write_run


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


def test_runs_that_share_nothing_are_refused(tmp_path: Path, runs: list[Path]) -> None:
    folder = default_folder(runs[0])
    st.analyze(runs[0], metrics=["match_accuracy"], out=folder)
    bare = write_run(tmp_path / "bare.h5", seed=9, inputs=False)
    with pytest.raises(TraceError, match="expected runs that share a metric and a layer, found none shared"):
        st.compare([folder, bare], metrics=["match_accuracy", "num_activations"])
