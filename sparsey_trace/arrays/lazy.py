"""Arrays that xarray reads when it is asked for their values."""

from __future__ import annotations

import pickle
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from xarray.backends import BackendArray
from xarray.core import indexing

from sparsey_trace.errors import TraceError
from sparsey_trace.layout import MARKS, NO_LABEL, PHASES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from sparsey_trace.arrays.columns import LazyColumn, LazyTrace


class Opened:
    """An open trace. What is pickled with it shares, in another process, one that is opened there."""

    def __init__(self, trace: LazyTrace) -> None:
        """Closing the trace stays the owner's."""
        self.trace = trace

    @property
    def token(self) -> tuple[Any, ...]:
        """What tells the values from others."""
        return (self.trace.id, len(self.trace), (self.trace.contents() or {}).get("held"))

    def __reduce__(self) -> tuple[Any, ...]:
        """The trace, pickled by itself: arrays come one by one, and one opened trace does for all."""
        return _opened_once, (pickle.dumps(self.trace),)


@lru_cache(maxsize=4)
def _opened_once(pickled: bytes) -> Opened:
    return Opened(pickle.loads(pickled))


class Name(NamedTuple):
    """Which column of a trace: of a layer, where it is one's."""

    column: str
    layer: int | None = None


class TraceArray(BackendArray):  # type: ignore[misc]
    """A column of a trace, as an array that xarray takes for lazy.

    Attributes:
        shape: of all of it.
        dtype: of the values as they are given to xarray.
    """

    def __init__(self, opened: Opened, name: Name) -> None:
        """Read nothing."""
        self._opened, self._name = opened, name
        view = self._view()
        self.shape = view.shape
        self.dtype, self._decode = _DECODED.get(name.column, (view.dtype, np.asarray))

    def __getitem__(self, key: indexing.ExplicitIndexer) -> NDArray[Any]:
        """What xarray's index names."""
        # Several arrays would be taken together by numpy, not each along its own axis.
        support = indexing.IndexingSupport.OUTER_1VECTOR
        found: NDArray[Any] = indexing.explicit_indexing_adapter(key, self.shape, support, self._read)
        return found

    def _read(self, key: tuple[Any, ...]) -> NDArray[Any]:
        view = self._view()
        if self._name.layer is not None and isinstance(key[1], (int, np.integer)):
            # Of one MAC little else has to be read.
            view, key = view.of_mac(int(key[1])), (key[0], *key[2:])
        found: NDArray[Any] = self._decode(view[key])
        return found

    def _view(self) -> LazyColumn:
        trace, (column, layer) = self._opened.trace, self._name
        owner = trace if column == "inputs" else trace.samples if layer is None else trace.layers[layer]
        values: Mapping[str, LazyColumn] = {} if layer is None else trace.layers[layer].values
        view: LazyColumn = values[column] if column in values else getattr(owner, column)
        return view

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        """So that the same values have the same names in dask."""
        return (type(self).__name__, *self._opened.token, *self._name)


def _phases(numbers: NDArray[np.uint8]) -> NDArray[np.str_]:
    if numbers.max(initial=0) >= len(PHASES):
        msg = "samples/phase: expected 0 (train) and 1 (eval), found others; `sparsey-trace validate` says where"
        raise TraceError(msg)
    return np.array(PHASES)[numbers]


def _marks(numbers: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.where(numbers == NO_LABEL, np.nan, numbers)


def _times(seconds: NDArray[np.float64]) -> NDArray[np.datetime64]:
    is_time = np.abs(seconds) < _LAST_SECOND
    micros = np.where(is_time, seconds, 0) * 1e6
    return np.asarray(np.where(is_time, micros.round().astype("datetime64[us]"), np.datetime64("NaT")))


_LAST_SECOND = 9e12

_DECODED: dict[str, tuple[np.dtype[Any], Callable[[Any], Any]]] = {
    "phase": (np.dtype("U5"), _phases),
    **{name: (np.dtype(np.float64), _marks) for name in MARKS.values()},
    "time": (np.dtype("datetime64[us]"), _times),
}
"""Columns that xarray's users know in another form than the file's."""
