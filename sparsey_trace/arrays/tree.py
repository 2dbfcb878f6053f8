"""From a trace to an xarray.DataTree: the inputs at its root, and a node for each layer."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pandas as pd
import xarray as xr
from xarray.core import indexing
from xarray.indexes import PandasIndex

from sparsey_trace.arrays.lazy import Name, Opened, TraceArray
from sparsey_trace.layout import MARKS

if TYPE_CHECKING:
    from collections.abc import Hashable

    from sparsey_trace.arrays.columns import LazyTrace
    from sparsey_trace.layout import LayerLayout

_SAMPLE_COLUMNS = ("step", "epoch", "phase", *MARKS.values(), "time")

_BLOCK_BYTES = 16 << 20
"""About how much of the widest array stands in a dask chunk."""

_TIME_ENCODING = {
    "units": "microseconds since 1970-01-01",
    "dtype": "int64",
    "calendar": "proleptic_gregorian",
}


def tree_of(trace: LazyTrace, *, in_dask: bool = False) -> xr.DataTree:
    """A trace as a tree of lazy arrays; see `Trace.to_xarray`.

    Args:
        trace: it has to stay open.
        in_dask: whether inputs, codes and activity are dask arrays. What is known of each sample isn't, as xarray can't
            group or select by that.
    """
    opened = Opened(trace)
    names = node_names([layer.name for layer in trace.layout.layers])
    nodes = {"/": _root(opened)} | {name: _layer(opened, number) for number, name in enumerate(names)}
    if in_dask:
        size = block_size(trace)
        nodes = {path: _chunked(node, size, (*opened.token, path)) for path, node in nodes.items()}
    return xr.DataTree.from_dict(nodes, name="trace")


def _chunked(node: xr.Dataset, size: int, token: tuple[Any, ...]) -> xr.Dataset:
    """A node with dask arrays for what is wide; their names follow from the token, and so equal what is equal."""
    wide = [name for name, array in node.data_vars.items() if array.dims[:1] == ("sample",)]
    # Without one, dask would pickle the arrays and open the trace for these.
    chunked = {name: node[name].chunk({"sample": size}, token=str((*token, name))) for name in wide}
    return node.assign(chunked)


def block_size(trace: LazyTrace) -> int:
    """How many samples to work on at once: a multiple of what the file keeps together."""
    layers = trace.layout.layers
    widest = max(trace.layout.num_features * 4, *(layer.num_macs * layer.num_cms for layer in layers))
    return trace.chunk_size * max(1, _BLOCK_BYTES // (widest * trace.chunk_size))


def node_names(layers: list[str]) -> list[str]:
    """Names for layers' nodes: their own, where a path, a file and a reader of either can hold them.

    >>> node_names(["v1", "encoder.1", "a/b", "inputs", "../x", "layer2"])
    ['v1', 'encoder.1', 'layer2_', 'layer3', 'layer4', 'layer2']
    """
    reserved = {"inputs", "sample", "zarr.json", *_SAMPLE_COLUMNS}
    is_kept = [
        re.fullmatch(r"[^\W_][\w. -]*", name) is not None and name == name.strip() and name not in reserved
        for name in layers
    ]
    taken = {name for name, kept in zip(layers, is_kept, strict=True) if kept}
    found = []
    for number, (name, kept) in enumerate(zip(layers, is_kept, strict=True)):
        chosen = name if kept else f"layer{number}"
        while not kept and chosen in taken:
            chosen += "_"
        taken.add(chosen)
        found.append(chosen)
    return found


def _root(opened: Opened) -> xr.Dataset:
    trace = opened.trace
    numbers = PandasIndex(pd.RangeIndex(len(trace), name="sample"), "sample")
    inputs: dict[Hashable, Any] = {}
    if "inputs" in trace.fields:
        inputs["inputs"] = _lazy(opened, Name("inputs"), ("sample", "feature"))
    attributes = {
        "trace": trace.id,
        "config": json.dumps(trace.config),
        "created": trace.created,
        "host": trace.host,
        "versions": json.dumps(trace.versions),
        "sampling": json.dumps(trace.sampling),
        "input_shape": list(trace.layout.input_shape),
    }
    coordinates = xr.Coordinates.from_xindex(numbers)
    return xr.Dataset(inputs, coords=coordinates, attrs=attributes).assign_coords(_samples(opened))


def _layer(opened: Opened, number: int) -> xr.Dataset:
    layout = opened.trace.layout.layers[number]
    codes = _lazy(opened, Name("codes", number), ("sample", "mac", "cm"))
    codes.attrs = {
        "long_name": "winner of each CM; 0 throughout a silent MAC",
        "ancillary_variables": "active",
    }
    active = _lazy(opened, Name("active", number), ("sample", "mac"))
    active.attrs = {"long_name": "whether the MAC was active; else it was silent"}
    values = {
        name: _lazy(opened, Name(name, number), ("sample", "mac"))
        for name in opened.trace.layers[number].values
    }
    wiring = xr.Variable(
        ("mac", "source"), layout.connections, {"long_name": "what the MAC listens to; -1 is none"}
    )
    return xr.Dataset(
        {"codes": codes, "active": active, **values, "connections": wiring},
        coords={**_samples(opened), **_macs(layout)},
        attrs={"layer": layout.name, "number": number, "num_neurons": layout.num_neurons},
    )


def _samples(opened: Opened) -> dict[str, xr.Variable]:
    """What is known of each sample. Every node has it, as nodes inherit nothing but indexes."""
    found = {name: _lazy(opened, Name(name), ("sample",)) for name in _SAMPLE_COLUMNS}
    found["time"].encoding |= _TIME_ENCODING
    return found


def _macs(layout: LayerLayout) -> dict[str, Any]:
    found: dict[str, Any] = {"mac": pd.RangeIndex(layout.num_macs)}
    if layout.positions is not None:
        found |= {name: ("mac", layout.positions[:, axis]) for axis, name in enumerate("xy")}
    return found


def _lazy(opened: Opened, name: Name, dims: tuple[str, ...]) -> xr.Variable:
    array = TraceArray(opened, name)
    variable = xr.Variable(dims, indexing.LazilyIndexedArray(array))
    variable.encoding["preferred_chunks"] = {"sample": opened.trace.chunk_size} | dict(
        zip(dims[1:], array.shape[1:], strict=True)
    )
    return variable
