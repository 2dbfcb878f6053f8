"""Paths as users write them: wherever one is taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from torch import nn

import sparsey_trace as st
from sparsey_trace.errors import UsageError
from sparsey_trace.support.user_path import user_path
from sparsey_trace.trace.rescue.repair import repair
from sparsey_trace.trace.rescue.validate import validate
from tests.cli.commands import LAYOUT, write_steps, write_trace

if TYPE_CHECKING:
    from pathlib import Path

EMPTY = "path: expected the name of a file or folder, found an empty one"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where `~` leads."""
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_a_user_that_is_not_known_is_a_name(home: Path) -> None:
    assert user_path("~/run.h5") == home / "run.h5"
    assert str(user_path("~no such user/run.h5")) == "~no such user/run.h5"


def test_whatever_takes_a_path_knows_the_home(home: Path) -> None:
    with st.TraceWriter("~/run.h5", LAYOUT) as writer:
        write_steps(writer, 4)
    assert writer.path == home / "run.h5"
    with st.open_trace("~/run.h5") as one, st.open_trace("~/ru*.h5") as same:
        assert one.paths == same.paths == (writer.path,)
    assert validate("~/run.h5").steps == 4
    assert repair("~/run.h5", "~/repaired.h5").steps == 4
    result = st.analyze("~/run.h5", metrics=["basis_set_size"], out="~/tables")
    assert result.paths["basis_set_size"] == home / "tables" / "basis_set_size.parquet"
    assert st.explain("~/run.h5", out="~/tables").folder == str(home / "tables")
    write_trace(home / "other.h5", steps=5)
    compared = st.compare(["~/tables", "~/other.h5"], metrics=["basis_set_size"])
    assert [run.samples for run in compared.runs] == [16, 20]
    assert st.export("~/run.h5", to="csv", out="~/csv")[0] == home / "csv"
    assert st.report("~/run.h5", "~/seen.html") == home / "seen.html"


def test_nothing_takes_an_empty_path() -> None:
    model = nn.Sequential(nn.Hardtanh(0, 1))
    pooled = st.WinnerTakeAll("0", num_macs=1, num_cms=2, num_neurons=3)
    for call in (
        lambda: st.open_trace(""),
        lambda: st.open_trace(["run.h5", ""]),
        lambda: st.TraceWriter("", LAYOUT),
        lambda: st.record(model, "", layers=[pooled]),
        lambda: repair("run.h5", ""),
    ):
        with pytest.raises(UsageError, match=EMPTY):
            call()
