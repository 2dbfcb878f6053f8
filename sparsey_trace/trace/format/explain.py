"""What a trace says of itself to whoever opens it with HDF5 alone: what its parts mean, their units, their axes.

Nothing here is read back. A trace is complete without it, but h5dump, HDFView and h5web show it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import h5py
import numpy as np

from sparsey_trace.trace.format import schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sparsey_trace.layout import Layout

_SAMPLE = "samples/step"
_AXES = ("macs", "cms")
"""Datasets of a layer that number its MACs, and the CMs of each."""

_TEXTS = {
    "": "a recorded run of a Sparsey, or a part of one; docs/trace-format.md of sparsey-trace describes the format",
    "config": "the run's configuration, as JSON",
    "sampling": "what was recorded where not everything was, as JSON",
    "progress": "how far the writer has come",
    "progress/committed": "how many samples there are; whatever stands behind these is to be ignored",
    "progress/in_chunks": "how many samples the growing datasets hold; those behind stand in /tail",
    "progress/closed": "1 once the writer has closed the trace; nothing in /tail means anything then",
    "progress/next_step": "the number of the next forward pass, as far as the last commit knew; 0 where nothing tells",
    "progress/drops": "steps that should be here and are not, and why; step -1 stands for nothing",
    "samples": "what is known of each sample, in the order in which they were recorded",
    "samples/step": "the forward pass that a sample belongs to",
    "samples/epoch": "the epoch of a sample's step",
    "samples/phase": "whether a sample was trained on or only evaluated",
    "samples/label": "the class of a sample; the smallest int64 where unknown",
    "samples/id": "which sample of the dataset it is; the smallest int64 where unknown",
    "samples/sequence": "the sequence that a sample belongs to; the smallest int64 where unknown",
    "samples/moment": "the place of a sample in its sequence; the smallest int64 where unknown",
    "samples/time": "when a sample's step was recorded",
    "inputs": "the model's input, flattened; bits are packed into bytes, the first one highest",
    "layers": "the layers of MACs, lowest first",
    "layers/*": "a layer of MACs: num_macs of num_cms CMs each, of num_neurons neurons each",
    "layers/*/connections": "what each MAC listens to, then -1: features in layer 0, else MACs of the layer below",
    "layers/*/positions": "where each MAC stands, x and y",
    "layers/*/macs": "numbers of the MACs: an axis",
    "layers/*/cms": "numbers of the CMs in a MAC: an axis",
    "layers/*/codes": "the winner of each CM, from 0 to num_neurons - 1; 0 throughout a silent MAC",
    "layers/*/active": "which MACs were active: bits packed into bytes, MAC 0 in the highest bit of byte 0",
    "layers/*/values": "further values of each MAC, by their names",
    "layers/*/values/*": "a further value of each MAC; nan where there is none",
    "tail": "the last samples, which don't fill a chunk yet, under the names that they have without /tail",
    "tail/checksums": "of each sample in the tail, a CRC-32 of its number and its values",
}
_UNITS = {
    "samples/time": "seconds since 1970-01-01 00:00:00 UTC",
    "layers/*/positions": "sides of the unit square",
}
_SCALAR = h5py.h5s.create(h5py.h5s.SCALAR)


def explain(file: h5py.File, layout: Layout) -> None:
    """Describe all that a new trace has, and tie axes to what numbers them.

    Args:
        file: the new file, with all of its groups and datasets.
        layout: the model.
    """
    for index, layer in enumerate(layout.layers):
        for name, count in zip(_AXES, (layer.num_macs, layer.num_cms), strict=True):
            file.create_dataset(f"layers/{index}/{name}", data=np.arange(count, dtype=np.int32))
    # Past h5py's objects, each of which costs as much as all that is written here.
    items = dict(_items(file))
    for path, item in items.items():
        _describe(item, path)
    for path, axis, scale in _axes(items, layout):
        if not h5py.h5ds.is_scale(items[scale]):
            h5py.h5ds.set_scale(items[scale], scale.rpartition("/")[2].encode())
        h5py.h5ds.attach_scale(items[path], items[scale], axis)


def _items(file: h5py.File) -> Iterator[tuple[str, h5py.h5g.GroupID | h5py.h5d.DatasetID]]:
    """All groups and datasets by their paths, the root's empty."""
    found: list[bytes] = []
    h5py.h5o.visit(file.id, found.append)
    yield "", h5py.h5o.open(file.id, b"/")
    yield from ((name.decode(), h5py.h5o.open(file.id, name)) for name in found)


def _describe(item: h5py.h5g.GroupID | h5py.h5d.DatasetID, path: str) -> None:
    name = re.sub(r"(?<=/values/).*", "*", re.sub(r"/\d+", "/*", path))
    for attribute, texts in ((b"description", _TEXTS), (b"units", _UNITS)):
        if text := texts.get(name, texts.get(name.removeprefix(f"{schema.TAIL}/"), "")):
            encoded = text.encode()
            kind = h5py.h5t.py_create(h5py.string_dtype("utf-8", len(encoded)), logical=True)
            made = h5py.h5a.create(item, attribute, kind, _SCALAR)
            made.write(np.array(encoded, f"S{len(encoded)}"), mtype=kind)


def _axes(items: Mapping[str, object], layout: Layout) -> Iterator[tuple[str, int, str]]:
    """A dataset's path, the number of an axis, and the path of what numbers that."""
    yield from (
        (f"samples/{name}", 0, _SAMPLE) for name in schema.SAMPLE_COLUMNS if f"samples/{name}" != _SAMPLE
    )
    if schema.INPUTS in items:
        yield schema.INPUTS, 0, _SAMPLE
    for index in range(len(layout.layers)):
        group = f"layers/{index}"
        macs, cms = (f"{group}/{name}" for name in _AXES)
        yield from (
            (schema.codes_path(index), axis, scale) for axis, scale in enumerate((_SAMPLE, macs, cms))
        )
        yield schema.active_path(index), 0, _SAMPLE
        for path in (path for path in items if path.startswith(f"{group}/values/")):
            yield from ((path, axis, scale) for axis, scale in enumerate((_SAMPLE, macs)))
        yield from (
            (f"{group}/{name}", 0, macs)
            for name in ("connections", "positions")
            if f"{group}/{name}" in items
        )
