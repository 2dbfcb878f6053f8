"""Arrays that are read when they are asked for, in whichever thread or process."""

from __future__ import annotations

import pickle
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

import cloudpickle
import dask
import dask.array
import h5py
import numpy as np
import pytest
import xarray as xr

import sparsey_trace as st
from sparsey_trace.arrays.lazy import Name, Opened, TraceArray, _opened_once
from sparsey_trace.errors import TraceError
from tests.arrays.same import SAMPLE, assert_same
from tests.cli.commands import being_written, write_trace


@pytest.fixture(params=["dask", "no dask"])
def tree(request: pytest.FixtureRequest, trace: st.Trace, monkeypatch: pytest.MonkeyPatch) -> xr.DataTree:
    if request.param == "no dask":
        monkeypatch.setitem(sys.modules, "dask", None)
    return trace.to_xarray()


INDICES: list[dict[str, Any]] = [
    {"sample": 7},
    {"sample": slice(None, None, -3), "cm": [2, 0]},
    {"sample": [5, 1, 1], "mac": [3, 0], "cm": [1, 0]},
    {"mac": 4, "sample": slice(10, 20)},
    {"mac": 4, "sample": [9, 2], "cm": 1},
    {"mac": [4], "cm": slice(1, 3)},
]


@pytest.mark.parametrize("index", INDICES, ids=str)
def test_indices_take_what_numpy_would(tree: xr.DataTree, trace: st.Trace, index: dict[str, Any]) -> None:
    whole = xr.DataArray(trace.layers[1].codes[:], dims=("sample", "mac", "cm"))
    np.testing.assert_array_equal(tree["layers.1"]["codes"].isel(index), whole.isel(index))


def test_nothing_is_read_before_it_is_asked_for(tree: xr.DataTree, trace: st.Trace) -> None:
    repr(tree)
    part = tree["layers.1"]["codes"].isel(sample=slice(3), mac=2)
    trace.close()
    for lazy in (part, tree["inputs"], tree["step"]):
        with pytest.raises(TraceError, match="expected an open trace, found one that was closed"):
            lazy.compute()


def test_equal_traces_have_equal_names_in_dask(trace: st.Trace) -> None:
    with st.open_trace(SAMPLE) as again:
        names = [one.to_xarray()["layers.1"]["codes"].data.name for one in (trace, again)]
    assert names[0] == names[1] != trace.to_xarray()["layers.0"]["codes"].data.name


def test_an_edited_trace_has_other_names_in_dask_and_its_trees_are_refused(tmp_path: Path) -> None:
    path = write_trace(tmp_path / "run.h5")
    with st.open_trace(path) as trace:
        tree = trace.to_xarray()
        sent, name = pickle.dumps(tree), tree["inputs"].data.name
    with h5py.File(path, "r+") as file:
        file["samples/label"][0] = 77
    with st.open_trace(path) as trace:
        assert trace.to_xarray()["inputs"].data.name != name
    with pytest.raises(TraceError, match="found it edited since then; open it anew"):
        pickle.loads(sent)


def test_other_processes_open_the_trace_for_themselves(tree: xr.DataTree, trace: st.Trace) -> None:
    sent = pickle.dumps(tree), pickle.dumps(tree["layers.1"]["codes"])
    trace.close()
    there, codes = map(pickle.loads, sent)
    with st.open_trace(SAMPLE) as again:
        assert_same(there, again)
        np.testing.assert_array_equal(codes, again.layers[1].codes[:])


def test_a_process_opens_the_trace_once_for_all_arrays(trace: st.Trace) -> None:
    """Dask sends arrays one by one, again and again."""
    opened_before = _opened_once.cache_info().misses
    tree = trace.to_xarray()["layers.1"]
    assert _opened_once.cache_info().misses == opened_before, "whose own arrays need no other"
    arrays = [TraceArray(Opened(trace), Name(name, 1)) for name in ("codes", "active", "codes")]
    traces = [pickle.loads(pickle.dumps(array))._opened.trace for array in arrays]
    assert traces[0] is traces[1] is traces[2] is not trace
    codes, expected = cloudpickle.dumps(tree["codes"].data), trace.layers[1].codes[:]
    trace.close()
    np.testing.assert_array_equal(cloudpickle.loads(codes).compute(scheduler="threads"), expected)


def test_a_tree_of_a_trace_that_was_replaced_is_refused(tmp_path: Path) -> None:
    path = write_trace(tmp_path / "run.h5", steps=3)
    with st.open_trace(path) as trace:
        sent = pickle.dumps(trace.to_xarray())
    path.unlink()
    write_trace(path, steps=3)
    expected = f"^{path}: expected the trace that was opened before, found another trace; open it anew$"
    with pytest.raises(TraceError, match=expected):
        pickle.loads(sent)


def test_a_tree_keeps_its_length_in_other_processes(tmp_path: Path) -> None:
    with being_written(tmp_path / "run.h5", committed=5) as path, st.open_trace(path) as trace:
        sent = pickle.dumps(trace.to_xarray())
    tree = pickle.loads(sent)
    assert tree.sizes["sample"] == 20
    with st.open_trace(path) as trace:
        assert len(trace) == 24
        np.testing.assert_array_equal(tree["v1"]["codes"], trace.layers[0].codes[:20])


def test_threads_read_what_one_reads(trace: st.Trace) -> None:
    arrays = [
        node["codes"].isel(sample=slice(k, None)) for node in trace.to_xarray().leaves for k in range(8)
    ]
    with dask.config.set(scheduler="threads", num_workers=4):
        found = dask.compute(*arrays)
    expected = [layer.codes[k:] for layer in trace.layers for k in range(8)]
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)
