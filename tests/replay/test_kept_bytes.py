"""What would keep more bytes of training than are wanted is refused before it begins, with a way on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

import sparsey_trace as st
from sparsey_trace.errors import TraceError, UsageError
from sparsey_trace.metrics import MatchAccuracy
from sparsey_trace.runs.runs import open_runs
from tests.cli.commands import sparsey_trace, write_trace

if TYPE_CHECKING:
    from pathlib import Path

KEPT = "match_accuracy: expected at most 1,199 bytes to keep of training, found up to 1,200 (of 24 samples)"


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 training samples of 12 features: 2 bytes of bits each, and 48 of what they are and when they were seen."""
    return write_trace(tmp_path_factory.mktemp("kept_bytes") / "run.h5")


def test_too_many_bytes_are_refused_with_the_parameter_that_bounds_them(trace: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    asked = {"metrics": ["match_accuracy", "num_activations"], "out": out}
    with pytest.raises(TraceError, match=re.escape(KEPT)) as refused:
        st.analyze(trace, **asked, most_bytes=1199)
    assert "give it reference_size=N, which keeps N drawn inputs" in str(refused.value)
    assert not list(out.glob("*.parquet"))
    for size, refusal in (
        (1199, ", refused as more than 1,199 (most_bytes): give it reference_size=N"),
        (1200, ""),
    ):
        found = str(st.explain(trace, **asked, most_bytes=size))
        assert f"  match_accuracy: keeps up to 1,200 bytes of training{refusal}\n" in found
    with pytest.raises(
        UsageError, match="most_bytes: expected bytes, or a text such as '800M' or '1G', found 'all'"
    ):
        st.explain(trace, most_bytes="all")
    st.analyze(trace, metrics=[MatchAccuracy(reference_size=2)], most_bytes=600)
    st.analyze(trace, **asked, most_bytes=1200)
    # What is known is kept already.
    st.analyze(trace, **asked, most_bytes=1)


def test_the_command_line_and_many_runs_refuse_too(trace: Path) -> None:
    found = sparsey_trace("analyze", str(trace), "-m", "match_accuracy", "--most-bytes", "1199")
    assert (found.returncode, KEPT in found.stderr) == (1, True)
    with pytest.raises(TraceError, match=re.escape(KEPT)):
        open_runs(trace).analyze(metrics=["match_accuracy"], most_bytes=1199)
