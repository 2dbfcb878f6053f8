"""A trace as xarray sees it: the same values under names that xarray can hold."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import dask
import dask.array
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

import sparsey_trace as st
from sparsey_trace.arrays.tree import node_names
from sparsey_trace.errors import UsageError
from sparsey_trace.testing import runs, write_run
from tests.arrays.same import assert_same
from tests.cli.commands import LAYOUT, being_written, write_trace
from tests.faults import times
from tests.trace.ranks import write_parts, write_whole

if TYPE_CHECKING:
    from pathlib import Path


@settings(max_examples=times(4, 25), deadline=None)
@given(run=runs())
def test_every_value_is_there(run: st.Chunk, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("run") / "run.h5"
    write_run(path, run)
    with st.open_trace(path) as trace:
        assert_same(trace.to_xarray(), trace)


def test_dimensions_coordinates_and_attributes(trace: st.Trace) -> None:
    tree = trace.to_xarray()
    layer = tree["layers.1"]
    assert layer["codes"].dims == ("sample", "mac", "cm")
    assert layer["active"].dims == ("sample", "mac")
    assert tree["inputs"].dims == ("sample", "feature")
    positions = trace.layout.layers[1].positions
    np.testing.assert_array_equal(np.stack([layer["x"], layer["y"]], axis=1), positions)
    assert json.loads(tree.attrs["config"]) == trace.config
    assert (tree.attrs["trace"], tree.attrs["input_shape"]) == (trace.id, [8, 8])
    times = trace.samples.to_pandas()["time"].dt.tz_localize(None)
    assert abs(times - layer["time"].to_series()).max().total_seconds() < 1e-5


def test_silent_macs_are_told_by_their_activity(trace: st.Trace) -> None:
    layer = trace.to_xarray()["layers.0"]
    marked = layer["codes"].where(layer["active"])
    np.testing.assert_array_equal(marked.isnull().any("cm"), ~trace.layers[0].active[:])
    assert (layer["codes"].values[~layer["active"].values] == 0).all()
    assert layer["codes"].attrs["long_name"] == "winner of each CM; 0 throughout a silent MAC"


def test_it_works_the_way_xarray_is_used(trace: st.Trace) -> None:
    layer = trace.to_xarray()["layers.2"]
    share = layer["active"].groupby("phase").mean("sample").compute()
    training = trace.samples.phase[:] == 0
    np.testing.assert_allclose(share.sel(phase="train"), trace.layers[2].active[:][training].mean(axis=0))
    of_label = layer["codes"].where(layer["label"] == 3, drop=True)
    assert len(of_label["sample"]) == (trace.samples.label[:] == 3).sum()


def test_dask_arrays_have_whole_chunks_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sparsey_trace.arrays.tree._BLOCK_BYTES", 4 << 10)
    monkeypatch.setattr("sparsey_trace.trace.format.schema._CHUNK_BYTES", 1)
    with st.open_trace(write_trace(tmp_path / "run.h5", steps=200)) as trace:
        tree = trace.to_xarray()
        for array in (tree["inputs"], tree["v1"]["codes"], tree["v2"]["active"]):
            assert isinstance(array.data, dask.array.Array)
            size = array.chunks[0][0]
            assert len(trace) > size
            assert size % trace.chunk_size == 0
            assert len(array.chunks[1]) == 1
        assert_same(tree, trace)


def test_without_dask_arrays_are_xarrays_own(trace: st.Trace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dask", None)
    tree = trace.to_xarray()
    assert all(array.chunks is None for node in tree.subtree for array in node.variables.values())
    assert_same(tree, trace)


def test_the_files_of_a_run_are_one_tree(tmp_path: Path) -> None:
    whole = write_whole(tmp_path / "whole.h5")
    write_parts(tmp_path)
    with st.open_trace(str(tmp_path / "run.*.h5")) as trace, st.open_trace(whole) as alone:
        assert_same(trace.to_xarray(), trace)
        assert len(trace.files) == 6
        for node, other in zip(trace.to_xarray().leaves, alone.to_xarray().leaves, strict=True):
            np.testing.assert_array_equal(node["codes"], other["codes"])
            np.testing.assert_array_equal(node["step"], other["step"])


def test_a_trace_that_is_being_written_is_had_as_it_was_opened(tmp_path: Path) -> None:
    with being_written(tmp_path / "run.h5", committed=5) as path, st.open_trace(path) as trace:
        assert_same(trace.to_xarray(), trace)
        assert trace.to_xarray().sizes["sample"] == 20


def test_a_trace_without_inputs(tmp_path: Path) -> None:
    with st.open_trace(write_trace(tmp_path / "run.h5", inputs=False)) as trace:
        assert "inputs" not in trace.to_xarray()


@given(some.lists(some.text(alphabet="ab/._ 0layer<", max_size=8), unique=True))
def test_layers_have_names_that_files_can_hold(layers: list[str]) -> None:
    names = node_names(layers)
    assert len({*names}) == len(layers)
    assert all(name and "/" not in name and not name.startswith((".", "_", " ")) for name in names)
    kept = [name for name in layers if name.isalnum() and name != "label"]
    assert [name for name in kept if name not in names] == []


def test_text_from_the_trace_is_escaped(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>"
    layer = LAYOUT.layers[0]
    parts = {name: getattr(layer, name) for name in ("num_macs", "num_cms", "num_neurons", "connections")}
    layout = st.Layout(num_features=12, layers=[st.LayerLayout(name=evil, **parts)])
    with st.TraceWriter(tmp_path / "run.h5", layout, config={evil: evil}) as writer:
        writer.append(
            inputs=np.ones((1, 12)),
            codes=[np.zeros((1, 3, 2), int)],
            active=[np.ones((1, 3), bool)],
            phase="train",
        )
    with st.open_trace(tmp_path / "run.h5") as trace:
        tree = trace.to_xarray()
        assert tree["layer0"].attrs["layer"] == evil
        assert "<script>" not in tree._repr_html_()


def test_without_xarray_the_message_says_what_to_install(
    trace: st.Trace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "xarray", None)
    expected = (
        r"digits\.h5: to_xarray: expected the package xarray, found it not installed; "
        r'run pip install "sparsey-trace\[xarray\]"$'
    )
    with pytest.raises(UsageError, match=expected):
        trace.to_xarray()
