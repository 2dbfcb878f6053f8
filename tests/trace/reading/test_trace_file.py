"""A file that contradicts the format is a TraceError that says where; what the format doesn't know is ignored."""

from __future__ import annotations

from typing import TYPE_CHECKING

import h5py
import numpy as np
import pytest

from sparsey_trace.trace.hdf5.attributes import fixed_length_text
from sparsey_trace.trace.hdf5.narrow_codec import NARROW
from sparsey_trace.trace.reading.open_trace import open_trace
from tests.trace.feed import check, sent
from tests.trace.reading.refused import message

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


STEPS = 60
LIBVER = ("v110", "v110")
NO_NUMBER = "expected a whole number, found another kind of attribute"
NO_TEXT = "expected text of fixed length, found another kind"
FORMAT = "expected a trace as docs/trace-format.md describes it, found: "


def test_what_is_not_known_is_ignored(closed: Path) -> None:
    with h5py.File(closed, "r+", libver=LIBVER) as file:
        file.attrs["comment"] = "mine"
        file["notes/first"] = [1, 2]
        file["layers/0/weights"] = np.zeros(3)
    with open_trace(closed) as trace:
        check(trace, sent(0, STEPS))


def without(name: str) -> Callable[[h5py.File], None]:
    return lambda file: file.__delitem__(name)


def attribute(group: str, name: str, value: object) -> Callable[[h5py.File], None]:
    stored = fixed_length_text(value) if isinstance(value, str) else value
    return lambda file: file[group].attrs.__setitem__(name, stored)


def instead(name: str, value: object) -> Callable[[h5py.File], None]:
    def edit(file: h5py.File) -> None:
        del file[name]
        file[name] = value

    return edit


def with_fill_value_0(file: h5py.File) -> None:
    codes = file["layers/0/codes"]
    kind = NARROW[4].options | {"fillvalue": 0}
    values, shape, chunks = codes[:], (None, *codes.shape[1:]), codes.chunks
    del file["layers/0/codes"]
    file.create_dataset("layers/0/codes", data=values, maxshape=shape, chunks=chunks, **kind)


def text_instead(name: str, text: str) -> Callable[[h5py.File], None]:
    def edit(file: h5py.File) -> None:
        del file[name]
        file.create_dataset(name, data=fixed_length_text(text)[None], chunks=(1,), fletcher32=True)

    return edit


EDITS = {
    "no dataset": (without("samples/step"), "step: expected a dataset, found none"),
    "no codes": (without("layers/1/codes"), "codes: expected a dataset, found none"),
    "no tail": (without("tail/inputs"), "inputs: expected a dataset, found none"),
    "no checksums": (without("tail/checksums"), "checksums: expected a dataset, found none"),
    "no drops": (without("progress/drops"), "drops: expected a dataset, found none"),
    "drops": (
        instead("progress/drops", [0.5]),
        "/progress/drops: expected [('step', '<i8'), ('reason', 'S120')] of shape ('N',), found float64",
    ),
    "sampling": (text_instead("sampling", "[1]"), "sampling: expected a JSON object, found list"),
    "a rank": (attribute("/", "rank", 1), "rank: expected a number from 0 to 0, found 1"),
    "a first step": (
        attribute("/", "first_step", -1),
        "first_step and first_sample: expected numbers of 0 or more, found -1 and 0",
    ),
    "no counter": (without("progress/committed"), "committed: expected a dataset, found none"),
    "no progress": (without("progress"), "progress/committed: expected a dataset, found none"),
    "no connections": (without("layers/0/connections"), "connections: expected a dataset, found none"),
    "no config": (without("config"), "config: expected a dataset, found none"),
    "no layer": (without("layers/1"), "num_layers: expected at most 1, as in the file, found 2"),
    "no attribute": (lambda file: file.attrs.__delitem__("num_features"), "can't locate attribute"),
    "a dtype": (
        instead("layers/0/codes", np.zeros((277, 20, 3), np.uint16)),
        "/layers/0/codes: expected uint8 of shape ('N', 20, 3), found uint16 of shape (277, 20, 3)",
    ),
    "a shape": (
        instead("tail/samples/step", np.zeros((64, 2), np.int64)),
        "/tail/samples/step: expected int64 of shape ('N',), found int64 of shape (64, 2)",
    ),
    "a scalar": (instead("samples/step", np.int64(3)), "/samples/step: expected int64 of shape"),
    "no space": (instead("samples/step", h5py.Empty("i8")), "/samples/step: expected"),
    "an empty tail": (
        instead("tail/samples/epoch", np.zeros(0, np.int32)),
        "tail: expected datasets of one length of at least 1, found others",
    ),
    "a group": (
        lambda file: (without("samples/step")(file), file.create_group("samples/step")),
        "samples/step: expected a dataset as a trace has, found a group",
    ),
    "config is no JSON": (text_instead("config", "{lr: 1"), "Expecting property name"),
    "config is a list": (text_instead("config", "[1]"), "config: expected a JSON object, found list"),
    "config is a number": (instead("config", 3), f"config: {NO_TEXT}"),
    "config nests without end": (
        text_instead("config", "[" * 100_000),
        "more than 100 levels, one inside the other",
    ),
    "versions are no JSON": (attribute("/", "versions", "x"), "Expecting value"),
    "an input kind": (
        attribute("/", "input_kind", "complex64"),
        "input_kind: expected one of binary, uint8, int32, int64, float16, float32, float64, none, found 'complex64'",
    ),
    "another input kind": (
        attribute("/", "input_kind", "float32"),
        "/inputs: expected float32 of shape ('N', 13), found uint8 of shape",
    ),
    "features as text": (
        attribute("/", "num_features", "13"),
        f"num_features: {NO_NUMBER}",
    ),
    "an infinite number of layers": (attribute("/", "num_layers", np.inf), f"num_layers: {NO_NUMBER}"),
    "more layers": (attribute("/", "num_layers", 2**60), "num_layers: expected at most 2, as in the file"),
    "no layers": (attribute("/", "num_layers", 0), "layers: expected at least one layer, found none"),
    "a shape of the input": (
        attribute("/", "input_shape", [2, 3]),
        "input_shape: expected sides whose product is num_features = 13, found (2, 3) (product 6)",
    ),
    "a shape of too many sides": (attribute("/", "input_shape", [1] * 65), f"input_shape: {NO_NUMBER}"),
    "an id": (attribute("/", "id", "../run"), "id: expected 32 hexadecimal digits, found '../run'"),
    "a folder": (
        attribute("/", "continues", "../run.h5"),
        "continues: expected a file's name without its folder, found '../run.h5'",
    ),
    "MACs": (
        attribute("layers/1", "num_macs", 4),
        "top: connections: expected one row for each of 4 MACs, found 3",
    ),
    "CMs": (attribute("layers/1", "num_cms", 3), "layers/1/codes: expected uint16 of shape ('N', 3, 3)"),
    "neurons": (attribute("layers/1", "num_neurons", 200), "layers/1/codes: expected uint8 of shape"),
    "no neurons": (
        attribute("layers/1", "num_neurons", 0),
        "top: num_neurons: expected a whole number of at least 1, found 0",
    ),
    "bits of a winner": (
        attribute("layers/0", "code_bits", 3),
        "code_bits of low: expected 4 for 5 neurons, found 3",
    ),
    "too few bits of a winner": (
        attribute("layers/0", "code_bits", 2),
        "code_bits of low: expected 4 for 5 neurons, found 2",
    ),
    "bits of a winner that needs bytes": (
        attribute("layers/1", "code_bits", 4),
        "code_bits of top: expected none for 300 neurons, found 4",
    ),
    "whole bytes": (
        lambda file: file["layers/0"].attrs.pop("code_bits"),
        "layers/0/codes: expected chunks with the filters [32015, 3], found chunks with [6, 32015, 3]",
    ),
    "another fill value": (with_fill_value_0, "layers/0/codes: expected the fill value 15, found 0"),
    "a name": (attribute("layers/1", "name", 5), f"name: {NO_TEXT}"),
    "names": (
        attribute("layers/1", "name", "low"),
        "layers: expected a different name for each layer, found 'low' more than once",
    ),
    "connections that are said otherwise": (
        attribute("layers/1", "connections", "nothing"),
        "connections: expected a dataset, or 'everything' as an attribute, found 'nothing'",
    ),
    "more MACs than bytes": (
        lambda file: file["layers/1"].attrs.update(connections=np.bytes_("everything"), num_macs=2**31 - 1),
        "num_macs: expected at most ",
    ),
    "connections": (
        lambda file: file["layers/1/connections"].__setitem__((0, 0), 20),
        "top: connections of MAC 0: expected indices below 20 (MACs of low), found 20",
    ),
}


@pytest.mark.parametrize(("edit", "expected"), EDITS.values(), ids=EDITS)
def test_files_that_contradict_the_format(
    roomy: Path, edit: Callable[[h5py.File], None], expected: str
) -> None:
    with h5py.File(roomy, "r+", libver=LIBVER) as file:
        edit(file)
        # In a closed trace nothing in the tail means anything.
        if expected.startswith(("tail", "inputs: ", "checksums", "/tail")):
            file["progress/closed"][()] = 0
    text = message(roomy)
    assert text.startswith(FORMAT)
    assert expected in text
