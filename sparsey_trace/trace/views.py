"""Lazy columns of a trace: what users slice, and how chunks and tail become one run of samples."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from sparsey_trace.errors import TraceError
from sparsey_trace.layout import NO_LABEL, PHASES
from sparsey_trace.trace import schema
from sparsey_trace.trace.opening import open_dataset, reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd
    from numpy.typing import NDArray


_CACHE_SLOTS = 10_007
"""A prime well above the number of chunks that fit, as HDF5 advises."""


class Storage:
    """The datasets of an open trace, and how many of their samples may be believed.

    Args:
        file: the open file.
        columns: path to column, as the file's layout demands them.
        version: of the format.
        cache_bytes: how much may be kept decompressed, of all datasets together; None for HDF5's own
            choice.

    Raises:
        KeyError, ValueError: a dataset is missing, or has another dtype or shape than it must.
    """

    def __init__(
        self,
        file: h5py.File,
        columns: Mapping[str, schema.Column],
        *,
        version: int,
        cache_bytes: int | None = None,
    ) -> None:
        """Find and check every dataset; read the counters."""
        self._file, self._name = file, file.filename
        # Before the columns: a dataset that is opened later is at least as long as they say.
        names = (schema.COMMITTED, schema.IN_CHUNKS, schema.CLOSED)
        self._counters = {name: open_dataset(file, name) for name in names}
        self.refresh()
        self._chunks = _open_all(file, columns, cache_bytes)
        self._tails = {path: open_dataset(file, f"{schema.TAIL}/{path}") for path in columns}
        for column in columns.values():
            _check(self._chunks[column.path], column)
            _check(self._tails[column.path], column)
        self._checksums = self._drops = None
        if version > 1:
            self._checksums, self._drops = (
                open_dataset(file, schema.CHECKSUMS),
                open_dataset(file, schema.DROPS),
            )
            _check(self._checksums, schema.Column(schema.CHECKSUMS, (), np.dtype(np.uint32)))
            _check(self._drops, schema.Column(schema.DROPS, (), np.dtype(np.int64)))
        tails = [*self._tails.values(), *([] if self._checksums is None else [self._checksums])]
        lengths = {len(tail) for tail in tails}
        self.chunk_size = lengths.pop()
        if lengths or not self.chunk_size:
            msg = f"{schema.TAIL}: expected datasets of one length of at least 1, found others"
            raise ValueError(msg)
        shortest = min(self.lengths().values())
        fits = 0 <= self.in_chunks <= shortest and 0 <= self.committed <= self.in_chunks + self.chunk_size
        if not fits or (self.closed and self.committed != self.in_chunks):
            msg = (
                f"counters that don't fit the data: {self.committed} samples committed, "
                f"{self.in_chunks} in chunks, {shortest} there"
            )
            raise ValueError(msg)

    def lengths(self) -> dict[str, int]:
        """How many samples each column's chunks hold, believed or not."""
        return {path: len(dataset) for path, dataset in self._chunks.items()}

    def refresh(self) -> None:
        """Read the counters again, the one that is written last first: none runs ahead of the next.

        Raises:
            TraceError: the file is closed, or they can't be read.
        """
        with self._reading("to read how many samples there are"):
            self.closed = bool(self._counter(schema.CLOSED))
            self.committed = self._counter(schema.COMMITTED)
            self.in_chunks = self._counter(schema.IN_CHUNKS)

    @contextlib.contextmanager
    def _reading(self, expected: str) -> Iterator[None]:
        if not self._file:
            msg = f"{self._name}: expected an open trace, found one that was closed"
            raise TraceError(msg)
        with reading(self._name, expected):
            yield

    def _counter(self, name: str) -> int:
        self._counters[name].refresh()
        return int(self._counters[name][()])

    def read(self, path: str, start: int, stop: int) -> NDArray[Any]:
        """Samples `start` to `stop` of a column as stored, from the chunks and the tail.

        While the trace is written, samples move from the tail into the chunks: where that happened
        during the read, it is done again.

        Raises:
            TraceError: the file is closed, or its data can't be read.
        """
        while True:
            boundary = self.in_chunks
            with self._reading(f"to read samples {start} to {stop} of {path}"):
                parts = self._parts(path, start, stop, boundary)
                if stop > boundary:
                    self.in_chunks = self._counter(schema.IN_CHUNKS)
            if stop <= boundary or self.in_chunks == boundary:
                return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def tail_checksums(self, start: int, stop: int) -> NDArray[np.uint32] | None:
        """[n], of those samples from `start` to `stop` that stand in the tail, of which there may be none.

        None where the trace has no checksums, or the samples moved into the chunks meanwhile.

        Raises:
            TraceError: the file is closed, or they can't be read.
        """
        if self._checksums is None:
            return None
        boundary = self.in_chunks
        with self._reading(f"to read the checksums of samples {start} to {stop}"):
            self._checksums.refresh()
            found = self._checksums[max(start, boundary) - boundary : max(stop, boundary) - boundary]
            self.in_chunks = self._counter(schema.IN_CHUNKS)
        return np.asarray(found) if self.in_chunks == boundary else None

    def drops(self) -> NDArray[np.int64]:
        """[n] int64, the steps that were dropped, in order.

        Raises:
            TraceError: the file is closed, or they can't be read.
        """
        if self._drops is None:
            return np.empty(0, np.int64)
        with self._reading("to read which steps were dropped"):
            self._drops.refresh()
            found = self._drops[:]
        return np.asarray(found[found != schema.NO_DROP])

    def _parts(self, path: str, start: int, stop: int, boundary: int) -> list[NDArray[Any]]:
        parts = []
        if start < boundary or stop <= boundary:
            chunks = self._chunks[path]
            if len(chunks) < min(stop, boundary):
                chunks.refresh()
            parts.append(chunks[start : min(stop, boundary)])
        if stop > boundary:
            tail = self._tails[path]
            tail.refresh()
            parts.append(tail[max(start, boundary) - boundary : stop - boundary])
        return parts


def _open_all(
    file: h5py.File, columns: Mapping[str, schema.Column], cache_bytes: int | None
) -> dict[str, h5py.Dataset]:
    if cache_bytes is None:
        return {path: open_dataset(file, path) for path in columns}
    share = cache_bytes / sum(column.sample_bytes for column in columns.values())
    return {
        path: _open_cached(file, path, int(share * column.sample_bytes)) for path, column in columns.items()
    }


def _open_cached(file: h5py.File, path: str, cache_bytes: int) -> h5py.Dataset:
    access = h5py.h5p.create(h5py.h5p.DATASET_ACCESS)
    access.set_chunk_cache(_CACHE_SLOTS, cache_bytes, 1.0)
    return h5py.Dataset(h5py.h5d.open(file.id, path.encode(), access))


def _check(dataset: h5py.Dataset, column: schema.Column) -> None:
    if dataset.dtype != column.dtype or not dataset.shape or dataset.shape[1:] != column.width:
        msg = (
            f"dataset {dataset.name}: expected {column.dtype} of shape {('N', *column.width)}, "
            f"found {dataset.dtype} of shape {dataset.shape}"
        )
        raise ValueError(msg)


class ColumnView:
    """A column that is read when it is indexed, like a numpy array.

    Takes a sample number (negative ones count from the end), a slice, a boolean mask of N, or an
    array of sample numbers in any order; further indices apply to what was read.
    """

    def __init__(self, storage: Storage, column: schema.Column, size: int, dtype: Any = None) -> None:
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
