"""Lazy columns of a trace: what users slice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from sparsey_trace.layout import NO_LABEL, PHASES

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from sparsey_trace.trace import schema


class Samples(Protocol):
    """Where samples are read from: one file, or several as one."""

    @property
    def chunk_size(self) -> int:
        """How many samples are kept together."""
        ...

    def read(self, path: str, start: int, stop: int) -> NDArray[Any]:
        """Samples `start` to `stop` of a column as stored."""
        ...


class ColumnView:
    """A column that is read when it is indexed, like a numpy array.

    Takes a sample number (negative ones count from the end), a slice, a boolean mask of N, or an
    array of sample numbers in any order; further indices apply to what was read.
    """

    def __init__(self, storage: Samples, column: schema.Column, size: int, dtype: Any = None) -> None:
        """Made by `Trace`."""
        self._storage, self._column, self._size = storage, column, size
        self.dtype = np.dtype(dtype or column.dtype)

    @property
    def shape(self) -> tuple[int, ...]:
        """[N, ...]: the shape of the whole column, decoded."""
        return (self._size, *((self._column.bits,) if self._column.bits else self._column.width))

    def __len__(self) -> int:
        """The number of samples."""
        return self._size

    def __repr__(self) -> str:
        """One line."""
        return f"<{self._column.path}: {self.dtype} {list(self.shape)}, read when indexed>"

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:  # noqa: FBT001 - numpy's own protocol
        """All of it, so that numpy functions take a column as it is."""
        if copy is False:
            msg = "a column is read from a file: expected copy=None or True, found False"
            raise ValueError(msg)
        return self[:] if dtype is None else self[:].astype(dtype)

    def __getitem__(self, index: Any) -> NDArray[Any]:
        """Read the samples that the index names.

        Raises:
            IndexError: a sample number outside the trace, or no number at all.
            TraceError: the data can't be read.
        """
        if index is Ellipsis or (isinstance(index, tuple) and not index):
            return self[:]
        which, rest = (index[0], index[1:]) if isinstance(index, tuple) else (index, ())
        if isinstance(which, slice):
            found = self._slice(which)
        elif np.ndim(which) == 0 and not isinstance(which, (bool, np.bool_)):
            found = self._numbers(np.asarray([which]))[0]
            return np.asarray(found[rest]) if rest else np.asarray(found)
        else:
            found = self._numbers(np.asarray(which))
        return found[(slice(None), *rest)] if rest else found

    def _slice(self, part: slice) -> NDArray[Any]:
        start, stop, stride = part.indices(self._size)
        if stride == 1:
            return self._read(start, max(start, stop))
        return self._numbers(np.arange(start, stop, stride))

    def _numbers(self, numbers: NDArray[Any]) -> NDArray[Any]:
        if numbers.dtype == np.bool_:
            if numbers.shape != (self._size,):
                msg = f"{self._column.path}: expected a mask of {self._size} samples, found shape {numbers.shape}"
                raise IndexError(msg)
            numbers = np.flatnonzero(numbers)
        if numbers.size and numbers.dtype.kind not in "iu":
            msg = f"{self._column.path}: expected a slice, a mask or whole numbers, found {numbers.dtype}"
            raise IndexError(msg)
        if numbers.size and (numbers.min() < -self._size or numbers.max() >= self._size):
            worst = numbers.min() if numbers.min() < -self._size else numbers.max()
            msg = f"{self._column.path}: expected one of {self._size} samples, found number {worst}"
            raise IndexError(msg)
        wanted, back = np.unique(numbers.astype(np.int64) % max(1, self._size), return_inverse=True)
        # One read a chunk of the file: it is decompressed once, and no more than it is held.
        homes = wanted // self._storage.chunk_size
        groups = np.split(wanted, np.flatnonzero(np.diff(homes)) + 1) if len(wanted) else []
        parts = [self._read(int(group[0]), int(group[-1]) + 1)[group - group[0]] for group in groups]
        return np.concatenate(parts or [self._read(0, 0)])[back]

    def _read(self, start: int, stop: int) -> NDArray[Any]:
        values = self._column.decode(self._storage.read(self._column.path, start, stop))
        return values.view(np.bool_) if self.dtype == np.bool_ else values


class SampleTable:
    """What is known of each sample; every attribute is a column read when it is indexed.

    Attributes:
        step: [N] int64.
        epoch: [N] int32.
        phase: [N] uint8, 0 train and 1 eval.
        label: [N] int64, the smallest int64 where unknown.
        time: [N] float64, seconds since 1970-01-01 UTC.
    """

    step: ColumnView
    epoch: ColumnView
    phase: ColumnView
    label: ColumnView
    time: ColumnView

    def __init__(self, views: Mapping[str, ColumnView]) -> None:
        """Made by `Trace`."""
        vars(self).update(views)

    def __len__(self) -> int:
        """The number of samples."""
        return len(self.step)

    def to_pandas(self) -> pd.DataFrame:
        """A table with a line per sample: sample, step, epoch, phase, label (nullable), time (UTC)."""
        import pandas as pd

        label, phase = self.label[:], self.phase[:]
        known = label != NO_LABEL
        return pd.DataFrame(
            {
                "sample": np.arange(len(self), dtype=np.int64),
                "step": self.step[:],
                "epoch": self.epoch[:],
                "phase": pd.Categorical.from_codes(
                    np.where(phase < len(PHASES), phase, np.int8(-1)), categories=pd.Index(PHASES)
                ),
                "label": pd.arrays.IntegerArray(np.where(known, label, 0), ~known),
                "time": pd.to_datetime(self.time[:], unit="s", utc=True, errors="coerce"),
            }
        )
