"""Projected receptive fields: which input features can reach a MAC at all."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, overload

import numpy as np

from sparsey_trace.connections import PADDING
from sparsey_trace.support.distinct import distinct

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from sparsey_trace.layout import LayerLayout, Layout


@dataclass(frozen=True, eq=False)
class Fields:
    """The receptive fields of a layer's MACs: what they hold only, as inputs may be wide and fields small.

    Attributes:
        num_features: D, of the input.
        features: [P] int32, the features in each MAC's field, rising, MAC by MAC.
        ends: [M] int64, where those of each MAC end.
    """

    num_features: int
    features: NDArray[np.int32]
    ends: NDArray[np.int64]

    @classmethod
    def of(cls, fields: Iterable[NDArray[np.int32]], num_features: int) -> Fields:
        """From each MAC's features, rising."""
        rows = list(fields)
        features, ends = np.concatenate(rows), np.cumsum([len(row) for row in rows], dtype=np.int64)
        features.setflags(write=False)
        return cls(num_features, features, ends)

    def __len__(self) -> int:
        """M, the number of MACs."""
        return len(self.ends)

    def __getitem__(self, mac: int) -> NDArray[np.int32]:
        """[F] int32, the features in a MAC's field, rising."""
        return self.features[self.ends[mac - 1] if mac else 0 : self.ends[mac]]

    @property
    def sizes(self) -> NDArray[np.int64]:
        """[M] int64, how many features each field has."""
        return np.diff(self.ends, prepend=0)

    def masks(self, macs: Iterable[int] | None = None) -> NDArray[np.bool_]:
        """[m, D] bool, whether a feature lies in the field of each of some MACs; by default of all."""
        rows = [self[mac] for mac in (range(len(self)) if macs is None else macs)]
        masks = np.zeros((len(rows), self.num_features), np.bool_)
        for mask, row in zip(masks, rows, strict=True):
            mask[row] = True
        return masks


class ReceptiveFields(Sequence[Fields]):
    """The fields of a model's layers, lowest first; each layer's are made when they are first asked for."""

    def __init__(self, layout: Layout) -> None:
        """Make none."""
        self._layout = layout
        self._made: list[Fields] = []
        self._making = threading.Lock()

    def __len__(self) -> int:
        """The number of layers."""
        return len(self._layout.layers)

    @overload
    def __getitem__(self, layer: int) -> Fields: ...

    @overload
    def __getitem__(self, layer: slice) -> list[Fields]: ...

    def __getitem__(self, layer: int | slice) -> Fields | list[Fields]:
        """The fields of a layer, or of several."""
        chosen = range(len(self))[layer]
        with self._making:
            last = chosen if isinstance(chosen, int) else max(chosen, default=-1)
            while len(self._made) <= last:
                self._made.append(self._next())
            return self._made[layer]

    def num_heard(self, layer: int) -> int:
        """How many features the MACs of a layer hear of, each counted from each source."""
        if not layer:
            return self._layout.layers[0].num_connections
        sizes, above = self[layer - 1].sizes, self._layout.layers[layer]
        if above.hears_everything:
            return above.num_macs * int(sizes.sum())
        return int(sizes[above.connections[above.connections != PADDING]].sum())

    def _next(self) -> Fields:
        layer = self._layout.layers[len(self._made)]
        heard = heard_by(layer)
        if not self._made:
            return Fields.of(heard, self._layout.num_features)
        below = self._made[-1]
        if layer.hears_everything:
            is_heard = np.zeros(self._layout.num_features, np.bool_)
            is_heard[below.features] = True
            united_field = np.flatnonzero(is_heard).astype(np.int32)
            return Fields.of([united_field] * layer.num_macs, self._layout.num_features)
        united = (distinct(np.concatenate([below[source] for source in row])) for row in heard)
        return Fields.of(united, self._layout.num_features)


@lru_cache(maxsize=8)
def receptive_fields(layout: Layout) -> ReceptiveFields:
    """Each layer's projected receptive fields.

    In the first layer these are a MAC's connections; above, the union of the fields of the MACs that
    it listens to. Source: RF(l, m) in docs/metrics.md.

    >>> from sparsey_trace import Layout, LayerLayout
    >>> low = LayerLayout(name="low", num_macs=2, num_cms=1, num_neurons=2, connections=[[0, 1], [1, 2]])
    >>> top = LayerLayout(name="top", num_macs=1, num_cms=1, num_neurons=2, connections=[[0, 1]])
    >>> receptive_fields(Layout(num_features=4, layers=[low, top]))[1].masks().astype(int)
    array([[1, 1, 1, 0]])
    """
    return ReceptiveFields(layout)


def heard_by(layer: LayerLayout) -> list[NDArray[np.int32]]:
    """For each MAC of a layer what it listens to, each once, rising."""
    if layer.hears_everything:
        return [layer.connections[0]] * layer.num_macs
    return [distinct(row[row != PADDING]) for row in layer.connections]
