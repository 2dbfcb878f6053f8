"""What a new trace says of itself: the configuration, the names of layers, its id and what made it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from sparsey_trace.errors import DataError
from sparsey_trace.layout import LayerLayout, Layout
from sparsey_trace.trace.reading.open_trace import open_trace
from sparsey_trace.trace.writing.writer import TraceWriter
from tests.trace.feed import LAYOUT, check, feed, sent

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.h5"


class Odd:
    def __repr__(self) -> str:
        return "<odd & 'quoted' \u2713>"


CONFIGS = {
    "none": (None, {}),
    "plain": ({"lr": 0.1, "on": True, "none": None}, {"lr": 0.1, "on": True, "none": None}),
    "nested": ({"a": {"b": [1, {"c": [[]]}]}}, {"a": {"b": [1, {"c": [[]]}]}}),
    "other objects": ({"odd": Odd(), "set": {3}}, {"odd": "<odd & 'quoted' \u2713>", "set": [3]}),
    "numpy": (
        {"rate": np.float32(0.5), "size": np.int64(3)},
        {"rate": 0.5, "size": 3},
    ),
    "classes": ({"kind": dict}, {"kind": "<class 'dict'>"}),
    "tuples": ({"shape": (3, 4)}, {"shape": [3, 4]}),
    "numbers as names": ({1: "a", None: "b"}, {"1": "a", "null": "b"}),
    "beyond ASCII": ({"n\u00e4me": "\u5b57 \U0001f9e0 \ud800"}, {"n\u00e4me": "\u5b57 \U0001f9e0 \ud800"}),
    "NUL": ({"text": "a\0b\n"}, {"text": "a\0b\n"}),
    "a megabyte": ({"text": "x" * 2**20}, {"text": "x" * 2**20}),
    "infinity": ({"limit": float("inf")}, {"limit": float("inf")}),
    "pairs": ([("a", 1)], {"a": 1}),
}


@pytest.mark.parametrize(("config", "expected"), CONFIGS.values(), ids=CONFIGS)
def test_configurations(path: Path, config: Any, expected: dict[str, Any]) -> None:
    with TraceWriter(path, LAYOUT, config=config) as writer:
        feed(writer, 0, range(2))
    with open_trace(path) as trace:
        assert trace.config == expected
        check(trace, sent(0, 2))


CIRCLE: dict[str, Any] = {}
CIRCLE["me"] = CIRCLE


@pytest.mark.parametrize(
    ("config", "found"),
    [
        (5, "'int' object is not iterable"),
        ({(1, 2): 3}, "keys must be str, int, float, bool or None, not tuple"),
        (CIRCLE, "Circular reference detected"),
    ],
)
def test_configurations_that_are_refused_before_a_file_is_made(path: Path, config: Any, found: str) -> None:
    with pytest.raises(DataError) as caught:
        TraceWriter(path, LAYOUT, config=config)
    assert str(caught.value) == f"config: expected a mapping from names to what JSON can say, found: {found}"
    assert not path.exists()


@pytest.mark.parametrize(
    "name", ["v1", "", "n\u00e4me \u5b57 \U0001f9e0", "<b>&\"'", "a/b", "..", "x" * 1000, "\u5b57" * 1000]
)
def test_names_of_layers(path: Path, name: str) -> None:
    part = LayerLayout(name=name, num_macs=1, num_cms=1, num_neurons=2, connections=[[0]])
    layout = Layout(num_features=13, layers=[part])
    with TraceWriter(path, layout) as writer:
        feed(writer, 0, range(2))
    with open_trace(path) as trace:
        assert trace.layout == layout
        check(trace, sent(0, 2, layout=layout))


def test_every_trace_has_its_own_id_and_says_what_made_it(tmp_path: Path) -> None:
    ids = set()
    for number in range(3):
        with TraceWriter(tmp_path / f"{number}.h5", LAYOUT) as writer:
            feed(writer, 0, range(1))
        with open_trace(tmp_path / f"{number}.h5") as trace:
            ids.add(trace.id)
            assert re.fullmatch("[0-9a-f]{32}", trace.id)
            assert {"python", "sparsey-trace", "numpy", "h5py", "hdf5"} <= trace.versions.keys()
            assert trace.host
            json.dumps([trace.versions, trace.host, trace.created])
    assert len(ids) == 3
