"""Traces as netCDF and Zarr, read back by the libraries that these are for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import h5netcdf
import numpy as np
import pandas as pd
import pytest
import xarray as xr
import zarr
from hypothesis import given, settings

import sparsey_trace as st
from sparsey_trace.layout import NO_LABEL, PHASES
from sparsey_trace.testing import runs, write_run
from sparsey_trace.trace.reading.storage import Storage
from tests.cli.commands import being_written, write_trace
from tests.faults import times
from tests.trace.ranks import write_parts

if TYPE_CHECKING:
    from pathlib import Path
from tests.exporting.forms import ENDINGS, OPENED


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


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Path]]:
    """A trace, and what it was exported to, by form; read only."""
    run = write_trace(tmp_path_factory.mktemp("exported") / "run.h5", config={"lr": 1})
    made = {to: st.export(run, to=to) for to in OPENED}
    assert all(remarks == [] for _, remarks in made.values())
    return run, {to: path for to, (path, _) in made.items()}


@pytest.mark.parametrize("to", OPENED)
def test_xarray_reads_the_trace_back(exported: tuple[Path, dict[str, Path]], to: str) -> None:
    run, path = exported[0], exported[1][to]
    assert path.name == f"run.{ENDINGS[to]}"
    with xr.open_datatree(path, **OPENED[to]) as tree, st.open_trace(run) as trace:
        assert_same(tree, trace)
        assert json.loads(tree.attrs["config"]) == {"lr": 1}
        assert tree.attrs["trace"] == trace.id
        np.testing.assert_array_equal(tree["v2"]["x"], trace.layout.layers[1].positions[:, 0])


@pytest.mark.parametrize("to", OPENED)
@settings(max_examples=times(1, 10), deadline=None)
@given(drawn=runs())
def test_any_run_is_read_back(to: str, drawn: st.Chunk, tmp_path_factory: pytest.TempPathFactory) -> None:
    run = tmp_path_factory.mktemp("run") / "run.h5"
    write_run(run, drawn)
    path, _ = st.export(run, to=to)
    with xr.open_datatree(path, **OPENED[to]) as tree, st.open_trace(run) as trace:
        assert_same(tree, trace)


def test_the_libraries_themselves_read_it(exported: tuple[Path, dict[str, Path]]) -> None:
    run, made = exported
    with st.open_trace(run) as trace:
        codes, active = trace.layers[1].codes[:], trace.layers[1].active[:]
    with h5netcdf.File(made["netcdf"]) as file:
        assert file["v2/codes"].dimensions == ("sample", "mac", "cm")
        np.testing.assert_array_equal(file["v2/codes"][:], codes)
    group = zarr.open_group(made["zarr"], mode="r")
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
    monkeypatch.setattr("sparsey_trace.arrays.tree._BLOCK_BYTES", 1 << 10)
    monkeypatch.setattr("sparsey_trace.trace.format.schema._CHUNK_BYTES", 1)
    run = write_trace(tmp_path / "run.h5", steps=100)
    spans = []
    read = Storage.read

    def watched(storage: Storage, path: str, start: int, stop: int, *more: Any) -> Any:
        spans.append(stop - start)
        return read(storage, path, start, stop, *more)

    monkeypatch.setattr(Storage, "read", watched)
    st.export(run, to=to)
    assert len(spans) > 50
    assert max(spans) < 100
    assert sum(spans) < 400 * 60
