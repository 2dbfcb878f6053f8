"""What would compare more pairs of samples than are wanted is refused before it begins, with a way on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

import sparsey_trace as st
from sparsey_trace.errors import TraceError
from sparsey_trace.metrics import MatchAccuracy, SiscAdherence
from sparsey_trace.runs.runs import open_runs
from tests.cli.commands import sparsey_trace, write_steps, write_trace

if TYPE_CHECKING:
    from pathlib import Path

MATCH = "match_accuracy: expected at most 191 pairs of samples to compare, found up to 192 (8 samples with 24 each)"


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 training and 8 evaluation samples."""
    return write_trace(tmp_path_factory.mktemp("pairs") / "run.h5")


def test_too_many_pairs_are_refused_with_the_parameter_that_bounds_them(trace: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(TraceError, match=re.escape(MATCH)) as refused:
        st.analyze(trace, metrics=["match_accuracy"], most_pairs=191, out=out)
    assert "give it reference_size=N, which compares with N drawn ones" in str(refused.value)
    assert not list(out.glob("*.parquet"))
    found = st.explain(trace, metrics=["match_accuracy"], most_pairs=191)
    assert (
        "up to 192 pairs of samples, refused as more than 191 (most_pairs): give it reference_size=N"
        in str(found)
    )
    for metric in (
        MatchAccuracy(reference_size=23),
        MatchAccuracy(exact=True),
        SiscAdherence(reference_size=5),
    ):
        assert st.analyze(trace, metrics=[metric], most_pairs=191)
    assert st.analyze(trace, metrics=["match_accuracy"], most_pairs=192, out=out)
    # What is known is compared no more.
    assert st.analyze(trace, metrics=["match_accuracy"], most_pairs=0, out=out)


def test_only_what_is_new_counts(tmp_path: Path) -> None:
    out, path = tmp_path / "out", tmp_path / "run.h5"
    with st.TraceWriter(path, st.open_trace(write_trace(tmp_path / "other.h5")).layout) as writer:
        write_steps(writer, 8)
        writer.commit()
        st.analyze(path, metrics=["match_accuracy"], out=out)
        write_steps(writer, 4, first=8)
    with pytest.raises(TraceError, match=r"found up to 144 \(4 samples with 36 each\)"):
        st.analyze(path, metrics=["match_accuracy"], out=out, most_pairs=143)


def test_the_command_line_refuses_too(trace: Path) -> None:
    call = ["analyze", str(trace), "-m", "match_accuracy", "--most-pairs", "191"]
    found = sparsey_trace(*call)
    assert (found.returncode, MATCH in found.stderr) == (1, True)
    many = open_runs(trace)
    with pytest.raises(TraceError, match=re.escape(MATCH)):
        many.analyze(metrics=["match_accuracy"], most_pairs=191)
