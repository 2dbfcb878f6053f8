"""The vocabulary: what a model is made of, and the numbers that stand for phases, padding and what is unknown.

`LayerLayout` is one layer of MACs, `Layout` the model; samples of a run are in `sparsey_trace.chunk`. Both are frozen
and checked when made.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.connections import (
    EVERYTHING,
    MAX_COUNT,
    PADDING,
    are_everything,
    checked_connections,
    everything,
    frozen,
    items_of,
    regular_array,
)
from sparsey_trace.errors import LayoutError, UsageError
from sparsey_trace.support.html_table import table
from sparsey_trace.support.suggest import hint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

MAX_NEURONS = MAX_COUNT + 1
"""The largest K."""

_MAX_CELLS = 1 << 60
"""The most neurons of a layer: they are numbered through, and numbers of their wins fit an int64 too."""

_MOST_OF_16_BITS = 65_535
"""The largest K whose winners are kept in two bytes; the last number stands for a silent MAC in some places."""

MAX_NAME = 1000
"""The longest name of a layer, in characters: HDF5 keeps longer text in places that are harder to check."""

PHASES = ("train", "eval")
"""Names of the phases, by the number that stands for them in a trace."""

TRAIN = 0
"""Stands for `train` in arrays of phases."""

EVAL = 1
"""Stands for `eval` in arrays of phases."""

NO_LABEL = int(np.iinfo(np.int64).min)
"""Stands for "none known" in arrays of labels, and of the other marks of a sample."""

MARKS = {"labels": "label", "ids": "id", "sequence": "sequence", "moment": "moment"}
"""What a whole number may say of each sample: under what name it is handed over, and in which column it is kept."""


@dataclass(frozen=True, eq=False, kw_only=True)
class LayerLayout:
    """One layer: its MACs, what each listens to, and where it stands.

    Attributes:
        name: the layer's name, unique in its model.
        num_macs: M, the number of MACs.
        num_cms: Q, the number of CMs in each MAC.
        num_neurons: K, the number of neurons in each CM; 1 to 2,147,483,648.
        connections: [M, R] int32, what each MAC listens to, padded with -1: input features in the
            first layer, MACs of the layer before in all others. May be given as a list of M index
            arrays, or as `"everything"`: then only a layer of a `Layout` has them, which says how much
            that is, and they take the memory of one row. Read-only.
        given_connections: the same, or None where they are everything.
        positions: [M, 2] float32, each MAC's position on the unit grid, or None. Read-only.

    Raises:
        LayoutError: a count is out of range, shapes disagree, or a MAC has no connection.

    >>> LayerLayout(name="v1", num_macs=2, num_cms=4, num_neurons=8, connections=[[0, 1], [2]])
    LayerLayout(name='v1', num_macs=2, num_cms=4, num_neurons=8, connections=[2, 2])
    """

    name: str
    num_macs: int
    num_cms: int
    num_neurons: int
    given_connections: NDArray[np.int32] | None
    positions: NDArray[np.float32] | None = None
    _num_sources: int | None = None

    def __init__(
        self,
        *,
        name: str,
        num_macs: int,
        num_cms: int,
        num_neurons: int,
        connections: ArrayLike | Sequence[ArrayLike] | str | None = None,
        positions: ArrayLike | None = None,
        given_connections: ArrayLike | None = None,
        _num_sources: int | None = -1,
    ) -> None:
        """Check and freeze the parts; see the class for their meaning."""
        if connections is None:  # dataclasses.replace says them so, and for how many sources they were
            connections = EVERYTHING if _num_sources != -1 else None
            connections = connections if given_connections is None else given_connections
        put = object.__setattr__
        put(self, "name", _name(name))
        put(self, "num_macs", _count(num_macs, f"{name}: num_macs"))
        put(self, "num_cms", _count(num_cms, f"{name}: num_cms"))
        put(self, "num_neurons", _count(num_neurons, f"{name}: num_neurons", most=MAX_NEURONS))
        _check_cells(self)
        is_said = isinstance(connections, str) and connections == EVERYTHING
        given = None if is_said else checked_connections(connections, self.num_macs, self.name)
        put(self, "given_connections", given)
        put(self, "positions", _positions(positions, self.num_macs, self.name))

    def __repr__(self) -> str:
        """One line; the connections by their shape only."""
        num_heard = self._num_sources if self.hears_everything else self.connections.shape[1]
        wiring = repr(EVERYTHING) if num_heard is None else [self.num_macs, num_heard]
        return (
            f"LayerLayout(name={self.name!r}, num_macs={self.num_macs}, num_cms={self.num_cms}, "
            f"num_neurons={self.num_neurons}, connections={wiring})"
        )

    def __eq__(self, other: object) -> bool:
        """Equal when every part is, arrays element by element."""
        if not isinstance(other, LayerLayout):
            return NotImplemented
        return self._identity == other._identity

    def __hash__(self) -> int:
        """Consistent with equality."""
        return hash(self._identity)

    @cached_property
    def _identity(self) -> tuple[Any, ...]:
        places = None if self.positions is None else self.positions.tobytes()
        wiring: tuple[Any, ...] = (EVERYTHING, self._num_sources)
        if self.given_connections is not None:
            given = self.given_connections
            wiring = (EVERYTHING, given.shape[1]) if are_everything(given) else (given.shape, given.tobytes())
        return (self.name, self.num_macs, self.num_cms, self.num_neurons, wiring, places)

    @property
    def connections(self) -> NDArray[np.int32]:
        """[M, R] int32, see the class.

        Raises:
            LayoutError: they are everything, and nothing says how much that is.
        """
        found = self.given_connections
        return everything(self.num_macs, self._all_sources) if found is None else found

    @property
    def _all_sources(self) -> int:
        """How much everything is."""
        if self._num_sources is None:
            msg = (
                f"{self.name}: connections: expected a layer of a Layout, which says how much everything is, "
                "found one by itself"
            )
            raise LayoutError(msg)
        return self._num_sources

    @property
    def hears_everything(self) -> bool:
        """Whether connections were given as everything."""
        return self.given_connections is None

    def placed(self, num_sources: int) -> LayerLayout:
        """This layer above so many features or MACs."""
        if not self.hears_everything or self._num_sources == num_sources:
            return self
        placed = copy.copy(self)
        placed.__dict__.pop("_identity", None)
        object.__setattr__(placed, "_num_sources", num_sources)
        return placed

    @property
    def num_connections(self) -> int:
        """Of all MACs together."""
        if self.hears_everything:
            return self.num_macs * self._all_sources
        return int(np.count_nonzero(self.connections != PADDING))

    @property
    def fan_in(self) -> tuple[int, int]:
        """How many connections the MACs have, the fewest and the most."""
        if self.hears_everything:
            return self._all_sources, self._all_sources
        counts = np.count_nonzero(self.connections != PADDING, axis=1)
        return int(counts.min()), int(counts.max())

    @property
    def code_dtype(self) -> np.dtype[Any]:
        """The smallest dtype that holds a winner: uint8 up to K = 256, uint16 up to 65,535, uint32 above."""
        if self.num_neurons <= 256:
            return np.dtype(np.uint8)
        return np.dtype(np.uint16 if self.num_neurons <= _MOST_OF_16_BITS else np.uint32)


@dataclass(frozen=True, kw_only=True)
class Layout:
    """A model: its input and its layers, lowest first.

    Attributes:
        num_features: D, the length of a flattened input sample.
        input_shape: the shape of an input sample; its product is D. Defaults to (D,).
        layers: the layers, lowest first; at least one.

    Raises:
        LayoutError: no layers, names used twice, a shape that isn't D features, a connection that
            points outside the input or the layer before, or padding between connections.

    >>> layer = LayerLayout(name="v1", num_macs=2, num_cms=4, num_neurons=8, connections=[[0, 1], [2]])
    >>> Layout(num_features=4, input_shape=(2, 2), layers=[layer]).num_macs
    2
    """

    num_features: int
    input_shape: tuple[int, ...] = ()
    layers: tuple[LayerLayout, ...] = ()

    def __post_init__(self) -> None:
        """Normalise to tuples and check that the parts fit each other."""
        put = object.__setattr__
        put(self, "num_features", _count(self.num_features, "num_features"))
        put(self, "input_shape", _sides(self.input_shape, self.num_features))
        layers = _layers(self.layers)
        sources = (self.num_features, *(layer.num_macs for layer in layers))
        put(self, "layers", tuple(map(LayerLayout.placed, layers, sources)))
        _check_names([layer.name for layer in self.layers])
        _check_wiring(self)

    def _repr_html_(self) -> str:
        shape = " x ".join(map(str, self.input_shape))
        return table(
            [
                (
                    its.name,
                    its.num_macs,
                    its.num_cms,
                    its.num_neurons,
                    _fan_in(its),
                    "no" if its.positions is None else "yes",
                )
                for its in self.layers
            ],
            heads=("layer", "MACs", "CMs (Q)", "neurons (K)", "connections", "positions"),
            numbers=("MACs", "CMs (Q)", "neurons (K)", "connections"),
            caption=f"inputs of {self.num_features:,} features ({shape})",
        )

    @property
    def num_macs(self) -> int:
        """The number of MACs in all layers together."""
        return sum(layer.num_macs for layer in self.layers)

    def num_sources(self, layer: int) -> int:
        """How many things a MAC of this layer could listen to: D, or the MACs of the layer before."""
        return self.num_features if layer == 0 else self.layers[layer - 1].num_macs


def layer_number(names: Sequence[str], layer: int | str) -> int:
    """The number of the layer that a caller names, by number or by name.

    Args:
        names: of all layers, lowest first.
        layer: which.

    Raises:
        UsageError: there is no such layer.

    >>> layer_number(["v1", "v2"], "v2")
    1
    """
    if isinstance(layer, str) and layer in names:
        return names.index(layer)
    is_number = isinstance(layer, (int, np.integer)) and not isinstance(layer, bool)
    if is_number and 0 <= int(layer) < len(names):
        return int(layer)
    msg = f"layer: expected one of {', '.join(names)}, or 0 to {len(names) - 1}, found {layer!r}{hint(layer, names)}"
    raise UsageError(msg)


def _fan_in(layer: LayerLayout) -> str:
    """How many connections its MACs have, in words."""
    fewest, most = layer.fan_in
    return f"{most:,}" if fewest == most else f"{fewest:,} to {most:,}"


def _name(given: str) -> str:
    # So that it survives the trip through HDF5, and messages that hold it stay on one line.
    if not isinstance(given, str) or not given.isprintable():
        msg = f"name: expected printable text, found {given!r}"
        raise LayoutError(msg)
    if len(given) > MAX_NAME:
        msg = f"name: expected at most {MAX_NAME:,} characters, found {len(given):,}: {given[:20]!r}…"
        raise LayoutError(msg)
    return str(given)


def _check_cells(layer: LayerLayout) -> None:
    cells = layer.num_macs * layer.num_cms * layer.num_neurons
    if cells > _MAX_CELLS:
        msg = (
            f"{layer.name}: expected at most {_MAX_CELLS:,} neurons in all, found {layer.num_macs:,} x "
            f"{layer.num_cms:,} x {layer.num_neurons:,} = {cells:,}"
        )
        raise LayoutError(msg)


def _count(value: int, what: str, most: int = MAX_COUNT) -> int:
    is_whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not is_whole or not 1 <= value <= most:
        is_bounded = most < MAX_COUNT or (is_whole and value > most)
        limits = f"from 1 to {most:,}" if is_bounded else "of at least 1"
        msg = f"{what}: expected a whole number {limits}, found {value!r}"
        raise LayoutError(msg)
    return int(value)


def _sides(given: Any, num_features: int) -> tuple[int, ...]:
    sides = tuple(items_of(given, "input_shape", "a side for each dimension")) or (num_features,)
    sides = tuple(_count(side, "input_shape") for side in sides)
    if math.prod(sides) != num_features:
        msg = (
            f"input_shape: expected sides whose product is num_features = {num_features}, "
            f"found {sides} (product {math.prod(sides)})"
        )
        raise LayoutError(msg)
    return sides


def _layers(given: Any) -> tuple[LayerLayout, ...]:
    layers = tuple(items_of(given, "layers", "a list of LayerLayout"))
    if not layers:
        msg = "layers: expected at least one layer, found none"
        raise LayoutError(msg)
    for layer in layers:
        if not isinstance(layer, LayerLayout):
            msg = f"layers: expected a list of LayerLayout, found {type(layer).__name__} in it"
            raise LayoutError(msg)
    return layers


def _positions(given: ArrayLike | None, num_macs: int, name: str) -> NDArray[np.float32] | None:
    if given is None:
        return None
    what = f"{name}: positions"
    array = regular_array(given, what)
    if array.shape != (num_macs, 2) or array.dtype.kind not in "iuf":
        msg = f"{what}: expected numbers of shape {(num_macs, 2)}, found {array.dtype} of shape {array.shape}"
        raise LayoutError(msg)
    with np.errstate(over="ignore"):
        positions = array.astype(np.float32)
    if not np.isfinite(positions).all():
        mac = int(np.argmin(np.isfinite(positions).all(axis=1)))
        msg = f"{what}: MAC {mac}: expected finite numbers, found {array[mac].tolist()}"
        raise LayoutError(msg)
    return frozen(positions)


def _check_names(names: list[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        msg = f"layers: expected a different name for each layer, found {twice[0]!r} more than once"
        raise LayoutError(msg)


def _check_wiring(layout: Layout) -> None:
    for index, layer in enumerate(layout.layers):
        if layer.hears_everything:
            continue
        sources = layout.num_sources(index)
        highest = int(layer.connections.max())
        if highest >= sources:
            kind = "input features" if index == 0 else f"MACs of {layout.layers[index - 1].name}"
            mac = int(np.argmax(layer.connections.max(axis=1)))
            msg = (
                f"{layer.name}: connections of MAC {mac}: expected indices below {sources} "
                f"({kind}), found {highest}"
            )
            raise LayoutError(msg)
        padding = layer.connections == PADDING
        gaps = (padding[:, :-1] & ~padding[:, 1:]).any(axis=1)
        if gaps.any():
            msg = (
                f"{layer.name}: connections of MAC {np.argmax(gaps)}: expected padding ({PADDING}) "
                "behind the connections only, found it between them"
            )
            raise LayoutError(msg)
