"""Code usage of a run that is counted by hand, and where it has no meaning."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

import sparsey_trace as st
from sparsey_trace.errors import UsageError
from sparsey_trace.tables.provenance import provenance_in
from tests.metrics.by_hand import written

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # The first MAC's neurons win 2, 1 and 1 times in training and once in evaluation; the second is silent in training.
    codes = [[[0, 2], [1, 2]], [[0, 2], [2, 2]], [[1, 2], [0, 1]]]
    active = [[[1, 0], [1, 0]], [[1, 0], [1, 0]], [[1, 1], [0, 1]]]
    path = tmp_path_factory.mktemp("usage") / "run.h5"
    return written(path, codes=codes, active=active, phases=("train", "train", "eval"))


def test_wins_of_active_macs_are_counted(run: Path) -> None:
    result = st.analyze(run, metrics=["code_usage"], resolution="run")
    columns = ["phase", "layer", "mac", "cm", "samples", "used", "perplexity", "top"]
    table = result["code_usage"].select(columns).to_pylist()
    assert [list(row.values()) for row in table] == [
        ["train", 0, 0, 0, 4, 3, pytest.approx(2**1.5), 0.5],
        ["train", 0, 1, 0, 0, 0, None, None],
        ["eval", 0, 0, 0, 1, 1, 1.0, 1.0],
        ["eval", 0, 1, 0, 2, 2, 2.0, 0.5],
    ]
    units = {"samples": "samples", "used": "neurons", "perplexity": "neurons", "top": "share of wins"}
    assert provenance_in(result.path("code_usage"))["units"] == units


def test_a_summary_tells_the_perplexity_of_the_last_epoch(run: Path) -> None:
    summary = st.analyze(run, metrics=["code_usage"]).summary()
    assert summary["now"].tolist() == [pytest.approx(2**1.5), pytest.approx(1.5)]
    assert summary["best"].isna().all()


def test_single_samples_have_none(run: Path) -> None:
    message = "code_usage: resolution: expected step, epoch, run, found 'sample'"
    with pytest.raises(UsageError, match=re.escape(message)):
        st.analyze(run, metrics=["code_usage"], resolution="sample")
    assert st.analyze(run, resolution="sample").skipped["code_usage"] == "it has no resolution 'sample'"
    with pytest.raises(UsageError, match=r"^code_usage: reduction: expected none, found 'sum'"):
        st.analyze(run, metrics=["code_usage"], reduction="sum")
