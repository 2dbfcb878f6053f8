"""The vocabulary: what is refused and in which words, what is frozen, what is equal."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from sparsey_trace.connections import PADDING
from sparsey_trace.errors import LayoutError, SparseyTraceError
from sparsey_trace.layout import LayerLayout, Layout
from sparsey_trace.testing import layouts


def layer(**changes: Any) -> LayerLayout:
    parts = {"name": "v1", "num_macs": 2, "num_cms": 3, "num_neurons": 4, "connections": [[0, 1], [2]]}
    return LayerLayout(**(parts | changes))


def layout(**changes: Any) -> Layout:
    return Layout(**({"num_features": 3, "layers": [layer()]} | changes))


COUNTS = {
    "zero": 0,
    "negative": -1,
    "a bool": True,
    "a numpy bool": np.True_,
    "a fraction": 1.5,
    "a whole float": 2.0,
    "a numpy float": np.float64(2),
    "nan": float("nan"),
    "infinity": float("inf"),
    "text": "2",
    "nothing": None,
    "a list": [2],
    "an array": np.array([2]),
    "a complex": 1j,
}


@pytest.mark.parametrize("value", COUNTS.values(), ids=COUNTS)
@pytest.mark.parametrize("name", ["num_macs", "num_cms", "num_neurons"])
def test_counts_of_a_layer(name: str, value: Any) -> None:
    with pytest.raises(LayoutError) as caught:
        layer(**{name: value})
    assert str(caught.value) == f"v1: {name}: expected a whole number of at least 1, found {value!r}"


@pytest.mark.parametrize("value", COUNTS.values(), ids=COUNTS)
def test_counts_of_a_layout(value: Any) -> None:
    with pytest.raises(LayoutError) as caught:
        layout(num_features=value)
    assert str(caught.value) == f"num_features: expected a whole number of at least 1, found {value!r}"


@pytest.mark.parametrize(
    ("name", "most"), [("num_neurons", 2**31), ("num_cms", 2**31 - 1), ("num_macs", 2**31 - 1)]
)
def test_counts_end_somewhere(name: str, most: int) -> None:
    for value in (most + 1, 10**30, np.uint64(most + 1)):
        with pytest.raises(LayoutError) as caught:
            layer(**{name: value})
        assert str(caught.value) == f"v1: {name}: expected a whole number from 1 to {most:,}, found {value!r}"
    if name != "num_macs":
        assert getattr(layer(**{name: most}), name) == most


@pytest.mark.parametrize("kind", [int, np.uint8, np.int16, np.int64, np.uint64])
def test_whole_numbers_of_numpy_are_taken(kind: type) -> None:
    made = layer(num_macs=kind(2), num_cms=kind(3), num_neurons=kind(4))
    model = layout(num_features=kind(3), input_shape=(kind(3),), layers=[made])
    assert model == layout()
    assert {type(made.num_macs), type(made.num_cms), type(model.num_features)} == {int}
    assert type(model.input_shape[0]) is int


CONNECTIONS = {
    "no rows": ([], "connections: expected one row for each of 2 MACs, found 0"),
    "too few rows": ([[0]], "connections: expected one row for each of 2 MACs, found 1"),
    "too many rows": ([[0], [1], [2]], "connections: expected one row for each of 2 MACs, found 3"),
    "no columns": (np.zeros((2, 0), int), "connections of MAC 0: expected at least one, found none"),
    "an empty row": ([[0], []], "connections of MAC 1: expected at least one, found none"),
    "padding only": ([[0, 1], [-1, -1]], "connections of MAC 1: expected at least one, found none"),
    "negative": (
        [[0], [-2]],
        "connections of MAC 1: expected indices of 0 or more (-1 as padding only), found -2",
    ),
    "beyond int32": (
        [[2**31], [0]],
        "connections of MAC 0: expected indices of 0 or more (-1 as padding only), found 2147483648",
    ),
    "beyond int64": (
        [[2**64 - 1], [0]],
        f"connections of MAC 0: expected indices of 0 or more (-1 as padding only), found {2**64 - 1}",
    ),
    "beyond uint64": (
        [[2**64], [0]],
        "connections of MAC 0: expected a row of whole numbers, found object of shape (1,)",
    ),
    "floats": (
        [[0.0], [1.0]],
        "connections of MAC 0: expected a row of whole numbers, found float64 of shape (1,)",
    ),
    "bools": (
        [[True], [False]],
        "connections of MAC 0: expected a row of whole numbers, found bool of shape (1,)",
    ),
    "text": (
        [["a"], ["b"]],
        "connections of MAC 0: expected a row of whole numbers, found <U1 of shape (1,)",
    ),
    "numbers": ([0, 1], "connections of MAC 0: expected a row of whole numbers, found int64 of shape ()"),
    "three axes": (
        np.zeros((2, 2, 2), int),
        "connections of MAC 0: expected a row of whole numbers, found int64 of shape (2, 2)",
    ),
    "ragged rows": (
        [[0], [[1], [2, 0]]],
        "connections of MAC 1: expected numbers in a regular shape, found list",
    ),
    "nothing": (None, "connections: expected [M, R] indices or M arrays of them, found None"),
    "a number": (np.array(3), "connections: expected [M, R] indices or M arrays of them, found array(3)"),
}


@pytest.mark.parametrize(("given", "expected"), CONNECTIONS.values(), ids=CONNECTIONS)
def test_connections_that_are_refused(given: Any, expected: str) -> None:
    with pytest.raises(LayoutError) as caught:
        layer(connections=given)
    assert str(caught.value).startswith(f"v1: {expected}")


@pytest.mark.parametrize(
    "given",
    [
        [[0, 1], [2]],
        [np.array([0, 1], np.uint8), np.array([2], np.uint64)],
        [[0, 1], [2, PADDING]],
        np.array([[0, 1], [2, -1]], np.int16),
        iter([(0, 1), range(2, 3)]),
    ],
)
def test_connections_are_a_padded_matrix_or_arrays(given: Any) -> None:
    made = layer(connections=given)
    assert made.connections.dtype == np.int32
    assert made.connections.tolist() == [[0, 1], [2, PADDING]]
    assert made == layer()


POSITIONS = {
    "too few": ([[0, 0]], "expected numbers of shape (2, 2), found int64 of shape (1, 2)"),
    "three axes": (np.zeros((2, 3)), "expected numbers of shape (2, 2), found float64 of shape (2, 3)"),
    "none": ([], "expected numbers of shape (2, 2), found float64 of shape (0,)"),
    "a number": (5, "expected numbers of shape (2, 2), found int64 of shape ()"),
    "ragged": ([[0, 1], [1]], "expected numbers in a regular shape, found list"),
    "text": ([["a", "b"], ["c", "d"]], "expected numbers of shape (2, 2), found <U1 of shape (2, 2)"),
    "nan": ([[0, 0], [0, float("nan")]], "MAC 1: expected finite numbers, found [0.0, nan]"),
    "beyond float32": ([[1e300, 0], [0, 0]], "MAC 0: expected finite numbers, found [1e+300, 0.0]"),
}


@pytest.mark.parametrize(("given", "expected"), POSITIONS.values(), ids=POSITIONS)
def test_positions_that_are_refused(given: Any, expected: str) -> None:
    with pytest.raises(LayoutError) as caught:
        layer(positions=given)
    assert str(caught.value).startswith(f"v1: positions: {expected}")


@pytest.mark.parametrize("name", [None, 5, b"v1", "a\0b", "two\nlines", "\ud800"])
def test_names_are_printable_text(name: Any) -> None:
    with pytest.raises(LayoutError) as caught:
        layer(name=name)
    assert str(caught.value) == f"name: expected printable text, found {name!r}"


LAYOUTS = {
    "no layers": ({"layers": []}, "layers: expected at least one layer, found none"),
    "nothing": ({"layers": None}, "layers: expected a list of LayerLayout, found None"),
    "other layers": ({"layers": [5]}, "layers: expected a list of LayerLayout, found int in it"),
    "one name twice": (
        {"layers": [layer(), layer()]},
        "layers: expected a different name for each layer, found 'v1' more than once",
    ),
    "another product": (
        {"input_shape": (2, 2)},
        "input_shape: expected sides whose product is num_features = 3, found (2, 2) (product 4)",
    ),
    "a side of zero": (
        {"input_shape": (3, 0)},
        "input_shape: expected a whole number of at least 1, found 0",
    ),
    "sides below zero": (
        {"input_shape": (-1, -3)},
        "input_shape: expected a whole number of at least 1, found -1",
    ),
    "a fraction": (
        {"input_shape": (1.5, 2)},
        "input_shape: expected a whole number of at least 1, found 1.5",
    ),
    "a number": ({"input_shape": 3}, "input_shape: expected a side for each dimension, found 3"),
    "beyond the input": (
        {"num_features": 2},
        "v1: connections of MAC 1: expected indices below 2 (input features), found 2",
    ),
    "beyond the layer below": (
        {"layers": [layer(), layer(name="v2")]},
        "v2: connections of MAC 1: expected indices below 2 (MACs of v1), found 2",
    ),
    "padding between": (
        {"layers": [layer(connections=[[0, 1], [-1, 2]])]},
        "v1: connections of MAC 1: expected padding (-1) behind the connections only, found it between them",
    ),
}


@pytest.mark.parametrize(("changes", "expected"), LAYOUTS.values(), ids=LAYOUTS)
def test_layouts_that_are_refused(changes: dict[str, Any], expected: str) -> None:
    with pytest.raises(LayoutError) as caught:
        layout(**changes)
    assert str(caught.value) == expected


def test_an_error_is_a_value_error_and_one_of_ours() -> None:
    assert issubclass(LayoutError, ValueError)
    assert issubclass(LayoutError, SparseyTraceError)


@pytest.mark.parametrize("make", [layer, layout])
def test_parts_can_not_be_replaced(make: Any) -> None:
    made = make()
    for field in dataclasses.fields(made):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(made, field.name, None)


def test_arrays_of_a_layer_are_its_own_and_read_only() -> None:
    connections, positions = np.array([[0, 1], [2, -1]], np.int32), np.zeros((2, 2), np.float32)
    made = layer(connections=connections, positions=positions)
    connections[0, 0], positions[0, 0] = 2, 9
    assert made.connections[0, 0] == made.positions[0, 0] == 0
    for array in (made.connections, made.positions):
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 1


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "v2"},
        {"num_macs": 3, "connections": [[0, 1], [2], [0]]},
        {"num_cms": 4},
        {"num_neurons": 5},
        {"connections": [[0, 1], [1]]},
        {"connections": [[0, 1, -1], [2, -1, -1]]},
        {"positions": np.zeros((2, 2))},
    ],
)
def test_equal_is_equal_in_every_part(changes: dict[str, Any]) -> None:
    assert layer(**changes) == layer(**changes)
    assert hash(layer(**changes)) == hash(layer(**changes))
    assert layer(**changes) != layer()
    assert layout(layers=[layer(**changes)]) != layout()
    assert layer() != "v1"


@given(layouts())
def test_a_layout_survives_copies_and_pickles(model: Layout) -> None:
    for again in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert again == model
        assert hash(again) == hash(model)
        assert len({again, model}) == 1


def test_a_layout_knows_its_sizes() -> None:
    top = layer(name="v2", num_macs=1, connections=[[1, 0]])
    model = layout(layers=(layer(), top))
    assert model.input_shape == (3,)
    assert model.num_macs == 3
    assert [model.num_sources(0), model.num_sources(1)] == [3, 2]
    assert "\n" not in repr(model)
    assert repr(top) == "LayerLayout(name='v2', num_macs=1, num_cms=3, num_neurons=4, connections=[1, 2])"


@pytest.mark.parametrize(
    ("num_neurons", "dtype"),
    [(1, "u1"), (256, "u1"), (257, "u2"), (65_535, "u2"), (65_536, "u4"), (2**31, "u4")],
)
def test_winners_take_as_few_bytes_as_they_can(num_neurons: int, dtype: str) -> None:
    assert layer(num_neurons=num_neurons).code_dtype == dtype
    assert num_neurons - 1 <= np.iinfo(dtype).max


def test_neurons_are_numbered_through() -> None:
    with pytest.raises(LayoutError) as caught:
        layer(num_cms=2**31 - 1, num_neurons=2**31)
    assert str(caught.value) == (
        "v1: expected at most 1,152,921,504,606,846,976 neurons in all, found 2 x 2,147,483,647 x 2,147,483,648 = "
        "9,223,372,032,559,808,512"
    )


def test_a_layer_is_changed_as_any_dataclass_is() -> None:
    given = LayerLayout(name="v1", num_macs=2, num_cms=2, num_neurons=2, connections=[[0, 1], [2]])
    said = LayerLayout(name="v1", num_macs=2, num_cms=2, num_neurons=2, connections="everything")
    for layer in (given, said, Layout(num_features=4, layers=[said]).layers[0]):
        changed = dataclasses.replace(layer, num_neurons=3)
        assert (changed.num_neurons, changed.hears_everything) == (3, layer.hears_everything)
        assert dataclasses.replace(changed, num_neurons=2) in (layer, said)
    assert dataclasses.replace(said, connections=[[0], [1]]).connections.tolist() == [[0], [1]]
    with pytest.raises(LayoutError, match=r"^v1: connections: expected "):
        LayerLayout(name="v1", num_macs=2, num_cms=2, num_neurons=2)
