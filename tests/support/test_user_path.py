"""Paths as users write them: wherever one is taken."""

from __future__ import annotations

from pathlib import Path

import pytest
from torch import nn

import sparsey_trace as st
from sparsey_trace.errors import UsageError
from sparsey_trace.support.user_path import user_path
from sparsey_trace.trace.rescue.relabel import relabel
from sparsey_trace.trace.rescue.repair import repair
from sparsey_trace.trace.rescue.validate import validate
from tests.cli.commands import LAYOUT, write_steps, write_trace

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


URL = "s3://bucket/runs/made"


@pytest.mark.parametrize("place", [URL, Path(URL)])
def test_nothing_but_results_is_made_at_a_url(
    place: str | Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home)
    write_trace(home / "run.h5", steps=1)
    model = nn.Sequential(nn.Hardtanh(0, 1))
    pooled = st.WinnerTakeAll("0", num_macs=1, num_cms=2, num_neurons=3)
    here = "path on this machine's disks, found a URL; copy what is there to here first, or what is made here to there"
    for call in (
        lambda: st.TraceWriter(place, LAYOUT),
        lambda: st.record(model, place, layers=[pooled]),
        lambda: st.export("run.h5", to="csv", out=place),
        lambda: st.report("run.h5", place),
        lambda: st.open_runs("run.h5").catalogue(out=place),
        lambda: repair("run.h5", place),
        lambda: relabel("run.h5", "labels.csv", place),
    ):
        with pytest.raises(UsageError) as caught:
            call()
        assert str(caught.value) == f"{URL}: expected a {here} afterwards"
    assert [path.name for path in home.iterdir()] == ["run.h5"]


def test_a_folder_that_is_called_like_a_protocol_is_a_folder(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home)
    (home / "s3:").mkdir()
    assert user_path(Path("s3://run.h5")) == Path("s3:/run.h5")
