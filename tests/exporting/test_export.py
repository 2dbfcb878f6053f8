"""What is exported, read back by the libraries that it is for."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import h5netcdf
import numpy as np
import pandas as pd
import pyarrow.csv
import pytest
import xarray as xr
import zarr
from hypothesis import given, settings
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import sparsey_trace as st
from sparsey_trace.errors import OutputError, UsageError
from sparsey_trace.exporting import export as module
from sparsey_trace.layout import NO_LABEL, PHASES
from sparsey_trace.testing import runs, write_run
from sparsey_trace.trace.reading.storage import Storage
from tests.cli.commands import being_written, write_trace
from tests.plugin_example.src.class_agreement.metric import ClassAgreement
from tests.trace.ranks import write_parts

if TYPE_CHECKING:
    from pathlib import Path

OPENED: dict[str, dict[str, Any]] = {"netcdf": {"engine": "h5netcdf"}, "zarr": {"engine": "zarr"}}
ENDINGS = {"tensorboard": "tensorboard", "csv": "csv", "netcdf": "nc", "zarr": "zarr"}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A trace of 32 samples in 8 steps and two layers, every fourth step of evaluation."""
    return write_trace(tmp_path / "run.h5", config={"lr": 1})


def assert_same(tree: xr.DataTree, trace: st.Trace) -> None:
    samples = trace.samples
    for node in tree.subtree:
        np.testing.assert_array_equal(node["step"], samples.step[:])
        np.testing.assert_array_equal(node["epoch"], samples.epoch[:])
        np.testing.assert_array_equal(node["phase"], samples.phase[:])
        assert node["phase"].attrs["flag_meanings"].split() == list(PHASES)
        assert list(node["phase"].attrs["flag_values"]) == [0, 1]
        label = samples.label[:].astype(np.float64)
        label[samples.label[:] == NO_LABEL] = np.nan
        np.testing.assert_array_equal(node["label"], label)
        apart = abs(pd.to_datetime(samples.time[:], unit="s") - node["time"].values)
        assert (apart < pd.Timedelta("10us")).all()
    if "inputs" in trace.fields:
        np.testing.assert_array_equal(tree["inputs"], trace.inputs[:])
    for layer in trace.layers:
        node = next(node for node in tree.leaves if node.attrs["layer"] == layer.layout.name)
        for name in ("codes", "active"):
            expected = getattr(layer, name)[:]
            np.testing.assert_array_equal(node[name], expected)
            assert node[name].dtype == expected.dtype
        np.testing.assert_array_equal(node["connections"], layer.layout.connections)


@pytest.mark.parametrize("to", OPENED)
def test_xarray_reads_the_trace_back(run: Path, to: str) -> None:
    path, remarks = st.export(run, to=to)
    assert (path.name, remarks) == (f"run.{ENDINGS[to]}", [])
    with xr.open_datatree(path, **OPENED[to]) as tree, st.open_trace(run) as trace:
        assert_same(tree, trace)
        assert json.loads(tree.attrs["config"]) == {"lr": 1}
        assert tree.attrs["trace"] == trace.id
        np.testing.assert_array_equal(tree["v2"]["x"], trace.layout.layers[1].positions[:, 0])


@pytest.mark.parametrize("to", OPENED)
@settings(max_examples=10, deadline=None)
@given(drawn=runs())
def test_any_run_is_read_back(to: str, drawn: st.Chunk, tmp_path_factory: pytest.TempPathFactory) -> None:
    run = tmp_path_factory.mktemp("run") / "run.h5"
    write_run(run, drawn)
    path, _ = st.export(run, to=to)
    with xr.open_datatree(path, **OPENED[to]) as tree, st.open_trace(run) as trace:
        assert_same(tree, trace)


def test_the_libraries_themselves_read_it(run: Path) -> None:
    with st.open_trace(run) as trace:
        codes, active = trace.layers[1].codes[:], trace.layers[1].active[:]
    with h5netcdf.File(st.export(run, to="netcdf")[0]) as file:
        assert file["v2/codes"].dimensions == ("sample", "mac", "cm")
        np.testing.assert_array_equal(file["v2/codes"][:], codes)
    group = zarr.open_group(st.export(run, to="zarr")[0], mode="r")
    np.testing.assert_array_equal(group["v2/active"][:], active)


@pytest.mark.parametrize("to", OPENED)
def test_the_files_of_a_run_are_exported_as_one(tmp_path: Path, to: str) -> None:
    write_parts(tmp_path)
    path, _ = st.export(str(tmp_path / "run.*.h5"), to=to)
    with xr.open_datatree(path, **OPENED[to]) as tree, st.open_trace(str(tmp_path / "run.*.h5")) as trace:
        assert_same(tree, trace)


@pytest.mark.parametrize("to", OPENED)
def test_a_trace_without_a_sample_yet_is_exported(tmp_path: Path, to: str) -> None:
    with being_written(tmp_path / "run.h5", committed=0) as run:
        path, _ = st.export(run, to=to)
    with xr.open_datatree(path, **OPENED[to]) as tree:
        assert tree["v1"]["codes"].shape == (0, 3, 2)


@pytest.mark.parametrize("to", OPENED)
def test_a_trace_is_read_block_by_block(tmp_path: Path, to: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sparsey_trace.arrays.tree._BLOCK_BYTES", 4 << 10)
    monkeypatch.setattr("sparsey_trace.trace.format.schema._CHUNK_BYTES", 1)
    run = write_trace(tmp_path / "run.h5", steps=400)
    spans = []
    read = Storage.read

    def watched(storage: Storage, path: str, start: int, stop: int, *more: Any) -> Any:
        spans.append(stop - start)
        return read(storage, path, start, stop, *more)

    monkeypatch.setattr(Storage, "read", watched)
    st.export(run, to=to)
    assert len(spans) > 50
    assert max(spans) < 200
    assert sum(spans) < 1600 * 60


def analysed(run: Path, name: str) -> pd.DataFrame:
    return st.analyze(run, metrics=[name]).to_pandas(name)


def test_csv_holds_the_metrics_tables(run: Path) -> None:
    folder, remarks = st.export(run, to="csv")
    assert remarks == []
    assert {path.stem for path in folder.iterdir()} == {
        *(name for name in st.metrics.available() if name != "basis_average"),
        "feature_coverage_layer",
    }
    for name in ("match_accuracy", "basis_set_size"):
        expected = analysed(run, name)
        found = pyarrow.csv.read_csv(folder / f"{name}.csv").to_pandas()
        pd.testing.assert_frame_equal(found.astype(expected.dtypes), expected)
        pd.testing.assert_frame_equal(pd.read_csv(folder / f"{name}.csv").astype(expected.dtypes), expected)


def scalars(folder: Path) -> dict[str, list[Any]]:
    events = EventAccumulator(str(folder), size_guidance={"scalars": 0})
    events.Reload()
    return {tag: events.Scalars(tag) for tag in events.Tags()["scalars"]}


def test_tensorboard_reads_the_layers_means(run: Path) -> None:
    folder, remarks = st.export(run, to="tensorboard")
    assert remarks == []
    found = {phase: scalars(folder / phase) for phase in PHASES}
    assert {*found["train"]} | {"match_accuracy/v1", "match_accuracy/v2"} == {*found["eval"]}
    with st.open_trace(run) as trace:
        times = dict(zip(trace.samples.step[::-1].tolist(), trace.samples.time[::-1].tolist(), strict=True))
    for name in ("basis_set_size", "match_accuracy", "feature_coverage"):
        table = analysed(run, name)
        for phase in PHASES:
            of_phase = table[table["phase"] == phase]
            for number, layer in enumerate(("v1", "v2")):
                means = of_phase[of_phase["layer"] == number].groupby("step")["value"].mean()
                points = found[phase].get(f"{name}/{layer}", [])
                assert [point.step for point in points] == means.index.tolist()
                assert [point.value for point in points] == pytest.approx(means.tolist(), rel=1e-6)
                assert [point.wall_time for point in points] == [times[point.step] for point in points]


@pytest.mark.parametrize("to", ["tensorboard", "csv"])
def test_tables_that_are_there_are_used_and_new_ones_stay(run: Path, to: str) -> None:
    st.analyze(run, metrics=["basis_set_size"], out=run.with_suffix(".metrics"))
    made = run.with_suffix(".metrics") / "basis_set_size.parquet"
    before = made.stat().st_mtime_ns
    st.export(run, to=to, metrics=["basis_set_size", "num_activations"])
    assert made.stat().st_mtime_ns == before
    assert {path.name for path in made.parent.glob("*.parquet")} == {made.name, "num_activations.parquet"}


def test_what_a_form_cannot_hold_is_said(run: Path) -> None:
    wanted = ["basis_set_size", "basis_average", ClassAgreement()]
    _, remarks = st.export(run, to="tensorboard", metrics=wanted)
    assert remarks == [
        "basis_average is left out: its values are lists, which tensorboard can't hold",
        "class_agreement is left out: it has no values by step",
    ]
    folder, remarks = st.export(run, to="csv", metrics=wanted)
    assert remarks == ["basis_average is left out: its values are lists, which csv can't hold"]
    assert {path.stem for path in folder.iterdir()} == {"basis_set_size", "class_agreement"}
    with pytest.raises(
        UsageError, match=r"^metrics: expected some that csv can hold, found basis_average: its"
    ):
        st.export(run, to="csv", metrics=["basis_average"], out=run.with_name("other"))


def test_metrics_that_need_inputs_are_named_where_there_are_none(tmp_path: Path) -> None:
    _, remarks = st.export(write_trace(tmp_path / "run.h5", inputs=False), to="csv")
    assert "feature_coverage is left out: the trace has no inputs" in "\n".join(remarks)


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
    monkeypatch.setattr("sparsey_trace.arrays.tree._BLOCK_BYTES", 4 << 10)
    monkeypatch.setattr("sparsey_trace.trace.format.schema._CHUNK_BYTES", 1)
    run = write_trace(tmp_path / "run.h5", steps=200)
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
