"""xarray opens traces by the name of their engine."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import numpy as np
import pytest
import xarray as xr

import sparsey_trace as st
from sparsey_trace.errors import TraceError
from tests.arrays.same import SAMPLE, assert_same

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def trace() -> Iterator[st.Trace]:
    with st.open_trace(SAMPLE) as trace:
        yield trace


def test_xarray_opens_a_trace_by_its_engine(trace: st.Trace) -> None:
    with xr.open_datatree(SAMPLE, engine="sparsey-trace") as tree:
        assert_same(tree, trace)
    with xr.open_dataset(SAMPLE, engine="sparsey-trace", group="layers.1", chunks={}) as layer:
        assert layer["codes"].chunks[0][0] <= trace.chunk_size
        np.testing.assert_array_equal(layer["codes"], trace.layers[1].codes[:])
    with xr.open_dataset(SAMPLE, engine="sparsey-trace", drop_variables="label") as root:
        assert {*root.variables} == {
            "inputs",
            "sample",
            "step",
            "epoch",
            "phase",
            "id",
            "sequence",
            "moment",
            "time",
        }
    assert {*xr.open_groups(SAMPLE, engine="sparsey-trace")} == {"/", *(f"/layers.{n}" for n in range(3))}


def test_closing_closes_the_trace() -> None:
    tree = xr.open_datatree(SAMPLE, engine="sparsey-trace", cache=False)
    tree.close()
    with pytest.raises(TraceError, match="found one that was closed"):
        tree["inputs"].load()


def test_plain_hdf5_stays_with_its_own_engines() -> None:
    assert "sparsey-trace" in xr.backends.list_engines()
    assert not xr.backends.list_engines()["sparsey-trace"].guess_can_open(str(SAMPLE))


def test_what_it_opened_pickles(trace: st.Trace) -> None:
    with xr.open_datatree(SAMPLE, engine="sparsey-trace") as tree:
        sent = pickle.dumps(tree)
    there = pickle.loads(sent)
    assert_same(there, trace)
    there.close()
