"""Tables that `analyze` wrote elsewhere than beside the trace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import sparsey_trace as st
from sparsey_trace.cli.main import main
from sparsey_trace.errors import UsageError
from tests.cli.commands import write_trace

if TYPE_CHECKING:
    from pathlib import Path

VERBS = {
    "report": ["report", "RUN", "-o", "OUT.html"],
    "plot": ["plot", "RUN", "basis_set_size", "-o", "OUT.svg"],
    "export": ["export", "RUN", "--to", "csv", "-o", "OUT"],
}


def arguments(verb: str, run: Path, out: Path) -> list[str]:
    return [word.replace("RUN", str(run)).replace("OUT", str(out)) for word in VERBS[verb]]


@pytest.mark.parametrize("verb", VERBS)
def test_they_are_used_and_what_is_lacking_is_kept_there(run: Path, tmp_path: Path, verb: str) -> None:
    pytest.importorskip({"report": "plotly", "plot": "matplotlib", "export": "pyarrow"}[verb])
    tables = tmp_path / "elsewhere"
    st.analyze(run, metrics=["basis_set_size"], out=tables)
    before = (tables / "basis_set_size.parquet").stat().st_mtime_ns
    assert main([*arguments(verb, run, tmp_path / "made"), "--tables", str(tables)]) == 0
    assert (tables / "basis_set_size.parquet").stat().st_mtime_ns == before
    assert (tables / "num_activations.parquet").is_file() == (verb != "plot")
    assert not run.with_suffix(".metrics").exists()


@pytest.mark.parametrize("verb", VERBS)
def test_another_runs_tables_are_refused(
    run: Path, tmp_path: Path, verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    tables = tmp_path / "others"
    st.analyze(write_trace(tmp_path / "other.h5"), metrics=["basis_set_size"], out=tables)
    assert main([*arguments(verb, run, tmp_path / "made"), "--tables", str(tables)]) == 2
    assert capsys.readouterr().err == (
        f"sparsey-trace: {tables}: expected an empty folder, or earlier results of {run}, found results of "
        "another trace (basis_set_size.parquet); choose another folder\n"
    )
    assert not list(tmp_path.glob("made*"))


def test_of_several_runs_each_has_its_own(run: Path, tmp_path: Path) -> None:
    pytest.importorskip("plotly")
    other = write_trace(tmp_path / "other.h5", steps=5)
    folders = [tmp_path / "first", tmp_path / "second"]
    st.report([run, other], tmp_path / "both.html", tables=folders)
    assert all((folder / "basis_set_size.parquet").is_file() for folder in folders)
    with pytest.raises(UsageError, match=r"^tables: expected a folder for each run, 2 in all, found 1$"):
        st.report([run, other], tmp_path / "again.html", tables=folders[0])


def test_a_form_that_holds_the_trace_takes_none(run: Path, tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"^tables: expected none, as netcdf holds the trace itself, found some$"
    ):
        st.export(run, to="netcdf", tables=tmp_path / "x")
