"""What an export makes, and where; what makes no sense is said."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

import sparsey_trace as st
from sparsey_trace.errors import OutputError, UsageError
from sparsey_trace.exporting import export as module
from tests.cli.commands import write_trace

if TYPE_CHECKING:
    from pathlib import Path
from tests.exporting.forms import ENDINGS


@pytest.mark.parametrize("to", module.FORMS)
def test_nothing_is_overwritten(run: Path, to: str) -> None:
    path, _ = st.export(run, to=to)
    found = "a file" if path.is_file() else "a folder"
    before = {file: file.stat().st_mtime_ns for file in [path, *path.rglob("*")]}
    with pytest.raises(
        OutputError, match=rf"run\.{ENDINGS[to]}: expected nothing there, found {found}; choose"
    ):
        st.export(run, to=to)
    assert {file: file.stat().st_mtime_ns for file in before} == before


@pytest.mark.parametrize(("to", "function"), [("netcdf", "arrays._for_files"), ("csv", "tables._write_csv")])
def test_what_is_stopped_leaves_nothing(
    run: Path, to: str, function: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(f"sparsey_trace.exporting.{function}", stop)
    with pytest.raises(KeyboardInterrupt):
        st.export(run, to=to)
    assert {path.name for path in run.parent.iterdir()} <= {"run.h5", "run.metrics"}


@pytest.mark.parametrize("to", module.FORMS)
def test_the_same_run_gives_the_same_bytes(tmp_path: Path, to: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sparsey_trace.arrays.tree._BLOCK_BYTES", 1 << 10)
    monkeypatch.setattr("sparsey_trace.trace.format.schema._CHUNK_BYTES", 1)
    run = write_trace(tmp_path / "run.h5", steps=60)
    made = [st.export(run, to=to, out=tmp_path / name)[0] for name in ("one", "other")]
    one, other = ({str(file.relative_to(path)): file for file in [path, *path.rglob("*")]} for path in made)
    assert one.keys() == other.keys()
    assert [
        name for name, file in one.items() if file.is_file() and file.read_bytes() != other[name].read_bytes()
    ] == []


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"to": "excel"}, r"^to: expected one of tensorboard, csv, netcdf, zarr, found 'excel'$"),
        (
            {"to": "zarr", "metrics": ["num_activations"]},
            r"^metrics: expected none, as zarr holds the trace itself",
        ),
    ],
)
def test_what_makes_no_sense_is_said(run: Path, wanted: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        st.export(run, **wanted)


@pytest.mark.parametrize(
    ("to", "package"),
    [("tensorboard", "tensorboard"), ("netcdf", "h5netcdf"), ("zarr", "zarr"), ("zarr", "dask")],
)
def test_a_missing_package_is_named(
    run: Path, to: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    expected = (
        rf'^export to {to}: expected the package {package}, .*; run pip install "sparsey-trace\[export\]"$'
    )
    with pytest.raises(UsageError, match=expected):
        st.export(run, to=to)
    st.export(run, to="csv")


def test_a_place_without_a_folder_is_refused(run: Path) -> None:
    with pytest.raises(OutputError, match=r"none/run\.nc: expected a folder to make it in, found none$"):
        st.export(run, to="netcdf", out=run.parent / "none" / "run.nc")
