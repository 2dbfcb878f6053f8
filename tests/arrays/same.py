"""A trace and its tree, held against each other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.layout import MARKS, NO_LABEL, PHASES

if TYPE_CHECKING:
    import xarray as xr

    import sparsey_trace as st

SAMPLE = Path(__file__).parents[2] / "sample_traces" / "digits.h5"


def assert_same(tree: xr.DataTree, trace: st.Trace) -> None:
    """Every value of a trace is in the tree, under the name of its layer."""
    samples = trace.samples
    for node in tree.subtree:
        np.testing.assert_array_equal(node["sample"], np.arange(len(trace)))
        np.testing.assert_array_equal(node["step"], samples.step[:])
        np.testing.assert_array_equal(node["epoch"], samples.epoch[:])
        np.testing.assert_array_equal(node["phase"], np.array(PHASES)[samples.phase[:]])
        for name in MARKS.values():
            marks = getattr(samples, name)[:]
            np.testing.assert_array_equal(node[name].isnull(), marks == NO_LABEL)
            np.testing.assert_array_equal(node[name].dropna("sample"), marks[marks != NO_LABEL])
    if "inputs" in trace.fields:
        np.testing.assert_array_equal(tree["inputs"], trace.inputs[:])
    assert len(tree.children) == len(trace.layers)
    for node, layer in zip(tree.children.values(), trace.layers, strict=True):
        assert node.attrs["layer"] == layer.layout.name
        np.testing.assert_array_equal(node["codes"], layer.codes[:])
        np.testing.assert_array_equal(node["active"], layer.active[:])
        np.testing.assert_array_equal(node["connections"], layer.layout.connections)
        assert node["codes"].dtype == layer.codes.dtype
