"""A lazy column of a trace: what users slice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sparsey_trace.trace.format import schema


class SampleSource(Protocol):
    """What reads samples: of one file, or of several as one."""

    @property
    def chunk_size(self) -> int:
        """How many samples are kept together."""
        ...

    def read(self, path: str, start: int, stop: int, within: slice = ...) -> NDArray[Any]:
        """[n, ...], samples `start` to `stop` of a column as stored; `within` cuts the axis behind theirs."""
        ...

    def pick(self, path: str, numbers: NDArray[np.int64], within: slice = ...) -> NDArray[Any]:
        """[n, ...], the samples of these numbers [n], which rise."""
        ...


class ColumnView:
    """A column that is read when it is indexed, like a numpy array.

    Takes a sample number (negative ones count from the end), a slice, a boolean mask of N, or an
    array of sample numbers in any order; further indices apply to what was read. Samples are read in
    the order of the file, whatever the order of the index, so each chunk of it is read once.
    """

    def __init__(
        self,
        storage: SampleSource,
        column: schema.Column,
        size: int,
        dtype: Any = None,
        *,
        mac: int | None = None,
    ) -> None:
        """Made by `Trace`."""
        self._storage, self._column, self._size, self._mac = storage, column, size, mac
        self.dtype = np.dtype(dtype or column.dtype)

    def of_mac(self, number: int) -> ColumnView:
        """The part of a layer's column that belongs to one of its MACs; only chunks that hold it are read."""
        return ColumnView(self._storage, self._column, self._size, self.dtype, mac=number)

    @property
    def shape(self) -> tuple[int, ...]:
        """[N, ...]: the shape of the whole column, decoded."""
        width = (self._column.bits,) if self._column.bits else self._column.width
        return (self._size, *(width if self._mac is None else width[1:]))

    def __len__(self) -> int:
        """The number of samples."""
        return self._size

    def __repr__(self) -> str:
        """One line."""
        name = self._column.path if self._mac is None else f"{self._column.path} of MAC {self._mac}"
        return f"<{name}: {self.dtype} {list(self.shape)}, read when indexed>"

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

    def _slice(self, span: slice) -> NDArray[Any]:
        """[n, ...], decoded."""
        asked = range(*span.indices(self._size))
        if not asked:
            return self._read(0, 0)
        first, last = sorted((asked[0], asked[-1]))
        rising = range(first, last + 1, abs(asked.step))
        found = self._read(first, last + 1) if rising.step == 1 else self._pick(np.array(rising))
        return found if asked.step > 0 else found[::-1]

    def _numbers(self, numbers: NDArray[Any]) -> NDArray[Any]:
        """[*shape of the numbers, ...], decoded; or of a mask [N], its samples."""
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
        wanted = numbers.astype(np.int64) % max(1, self._size)
        if wanted.ndim == 1 and (np.diff(wanted) > 0).all():
            return self._pick(wanted)
        rising, back = np.unique(wanted, return_inverse=True)
        return self._pick(rising)[back]

    def _read(self, start: int, stop: int) -> NDArray[Any]:
        return self._decoded(self._storage.read(self._column.path, start, stop, self._within))

    def _pick(self, numbers: NDArray[np.int64]) -> NDArray[Any]:
        return self._decoded(self._storage.pick(self._column.path, numbers, self._within))

    @property
    def _within(self) -> slice:
        """What is read of the first axis behind the samples': MACs, or bytes of eight MACs."""
        if self._mac is None:
            return slice(None)
        first = self._mac // 8 if self._column.bits else self._mac
        return slice(first, first + 1)

    def _decoded(self, stored: NDArray[Any]) -> NDArray[Any]:
        """[n, ...] from values as they are stored [n, ...]: of one MAC, or of all."""
        if self._mac is None:
            values = self._column.decode(stored)
        elif self._column.bits:
            values = stored[:, 0] >> (7 - self._mac % 8) & 1
        else:
            values = stored[:, 0]
        return values.view(np.bool_) if self.dtype == np.bool_ else values
