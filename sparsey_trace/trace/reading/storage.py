"""The samples of one file: how chunks and tail become one run."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.errors import TraceError
from sparsey_trace.trace.format import schema
from sparsey_trace.trace.format.damage import reading
from sparsey_trace.trace.hdf5 import guarded
from sparsey_trace.trace.hdf5.chunk_locations import SMALLEST_CHUNK
from sparsey_trace.trace.hdf5.chunked_dataset import open_chunked, read_chunked
from sparsey_trace.trace.reading.column import PackedColumn
from sparsey_trace.trace.reading.open_file import close_file
from sparsey_trace.trace.reading.tail import Tail

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import h5py
    from numpy.typing import NDArray


class Storage:
    """The datasets of an open trace, and how many of their samples may be believed.

    Args:
        file: the open file.
        columns: path to column, as the file's layout demands them.
        cache_bytes: how much may be kept decompressed, of all datasets together; of each a chunk's samples are
            in any case.

    Attributes:
        committed: how many samples there are.
        in_chunks: how many the growing datasets hold.
        closed: whether the writer closed the trace.

    Raises:
        KeyError, ValueError: a dataset is missing, or has another dtype or shape than it must.
    """

    def __init__(
        self,
        file: h5py.File,
        columns: Mapping[str, schema.Column],
        *,
        cache_bytes: int = 0,
    ) -> None:
        """Find and check every dataset; read the counters."""
        self._file, self._name = file, file.filename
        # Before the columns: a dataset that is opened later is at least as long as they say.
        names = (schema.COMMITTED, schema.IN_CHUNKS, schema.CLOSED)
        self._counters = {name: open_counter(file, name) for name in names}
        self.refresh()
        self._tail = Tail(file, columns)
        self._chunks = open_columns(file, columns, len(self._tail), cache_bytes)
        self._drops = open_drops(file)
        self._held: tuple[int, dict[str, NDArray[Any]]] | None = None
        self._holding = threading.Lock()
        self._check_counters()

    def _check_counters(self) -> None:
        for chunks in self._chunks.values():
            # HDF5 may know it from before the counters were read, when the file was looked through.
            chunks.reach(self.in_chunks)
        shortest = min(self.lengths().values())
        pieces = sum(chunks.pieces for chunks in self._chunks.values())
        room = guarded.file_size(self._file) // (SMALLEST_CHUNK * pieces) * self.chunk_size
        fits = 0 <= self.in_chunks <= shortest and 0 <= self.committed <= self.in_chunks + self.chunk_size
        if not fits or self.in_chunks > room or (self.closed and self.committed != self.in_chunks):
            msg = (
                f"counters that don't fit the data: {self.committed} samples committed, "
                f"{self.in_chunks} in chunks, {shortest} there"
            )
            raise ValueError(msg)

    @property
    def chunk_size(self) -> int:
        """How many samples a chunk holds."""
        return len(self._tail)

    @property
    def is_open(self) -> bool:
        """Whether the file is open."""
        return bool(self._file)

    def close(self) -> None:
        """Close the file; closing twice does no harm."""
        for chunks in self._chunks.values():
            chunks.forget()
        close_file(self._file)

    def lengths(self) -> dict[str, int]:
        """How many samples each column's chunks hold, believed or not."""
        return {path: len(chunks) for path, chunks in self._chunks.items()}

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

    def read(self, path: str, start: int, stop: int, within: slice = slice(None)) -> NDArray[Any]:
        """Samples `start` to `stop` of a column as stored, from the chunks and the tail.

        Args:
            path: the column's.
            start: the first sample.
            stop: the one to stop before.
            within: a part of the first axis behind the samples', such as a range of MACs.

        Raises:
            TraceError: the file is closed, or its data can't be read, or have another checksum.
        """
        with self._reading(f"to read samples {start} to {stop} of {path}"):
            boundary, tail = self._boundary(stop)
            if stop <= boundary:
                return self._chunks[path].read(start, stop, within)
            late = _part(tail[path], within)[max(start - boundary, 0) : stop - boundary]
            if start >= boundary:
                return late
            return np.concatenate([self._chunks[path].read(start, boundary, within), late])

    def pick(self, path: str, numbers: NDArray[np.int64], within: slice = slice(None)) -> NDArray[Any]:
        """The samples of these numbers, which rise, of a column as stored; see `read`."""
        stop = int(numbers[-1]) + 1 if len(numbers) else 0
        with self._reading(f"to read {len(numbers)} samples up to {stop} of {path}"):
            boundary, tail = self._boundary(stop)
            early = int(np.searchsorted(numbers, boundary))
            found = self._chunks[path].pick(numbers[:early], within)
            if early == len(numbers):
                return found
            return np.concatenate([found, _part(tail[path], within)[numbers[early:] - boundary]])

    def _boundary(self, stop: int) -> tuple[int, dict[str, NDArray[Any]]]:
        """How many samples stand in chunks, for one who reads up to `stop`; and by column, what follows these."""
        with self._holding:
            if stop > self.in_chunks:
                self._hold_tail(stop)
            return self.in_chunks, self._held[1] if self._held is not None else {}

    def _hold_tail(self, stop: int) -> None:
        """Keep the tail up to a sample: as a whole, since its checksums are of whole samples.

        While the trace is written, samples move from the tail into the chunks: where that happened
        during the read, it is done again.
        """
        while self._held is None or self._held[0] != self.in_chunks or not self._is_held(stop):
            boundary = self.in_chunks
            count = max(stop, self.committed) - boundary
            if count <= 0:
                return
            if count > self.chunk_size:
                msg = f"{count} samples that are in no chunk, and a tail of {self.chunk_size}"
                raise ValueError(msg)
            values, right = self._tail.read(boundary, count)
            self.in_chunks = self._counter(schema.IN_CHUNKS)
            if self.in_chunks != boundary:
                continue
            if not right.all():
                msg = (
                    f"{schema.CHECKSUMS}: another checksum than that of sample {boundary + np.argmin(right)}"
                )
                raise ValueError(msg)
            self._held = boundary, values

    def _is_held(self, stop: int) -> bool:
        return self._held is not None and len(self._held[1]["samples/step"]) >= stop - self._held[0]

    def drops(self) -> NDArray[np.int64]:
        """[n] int64, the steps that were dropped, in order.

        Raises:
            TraceError: the file is closed, or they can't be read.
        """
        with self._reading("to read which steps were dropped"):
            return read_drops(self._file, self._drops)


def _part(stored: NDArray[Any], within: slice) -> NDArray[Any]:
    return stored if within == slice(None) else stored[:, within]


def open_counter(file: h5py.File, name: str) -> h5py.Dataset:
    """A number of the file that its writer changes.

    Raises:
        KeyError, ValueError: there is none, or it is stored in another way.
    """
    found = guarded.open_dataset(file, name)
    if found.shape != () or not guarded.is_stored_as(found, np.dtype(np.int64)):
        msg = f"{name}: expected a whole number, found another kind"
        raise ValueError(msg)
    guarded.check_contiguous(found, guarded.file_size(file))
    return found


def open_columns(
    file: h5py.File, columns: Mapping[str, schema.Column], samples: int, cache_bytes: int = 0
) -> dict[str, PackedColumn]:
    """The growing datasets.

    Args:
        file: the open file.
        columns: path to column.
        samples: how many a chunk holds.
        cache_bytes: how much may be kept decompressed, of all together.

    Raises:
        KeyError, ValueError: one is missing, or is stored in another way.
    """
    total = sum(column.sample_bytes for column in columns.values())
    return {
        path: PackedColumn(
            file, column, samples=samples, kept_bytes=cache_bytes * column.sample_bytes // total
        )
        for path, column in columns.items()
    }


def open_drops(file: h5py.File) -> h5py.Dataset:
    """The list of dropped steps.

    Raises:
        KeyError, ValueError: there is none, or it is stored in another way.
    """
    guarded.check_dtype(guarded.open_dataset(file, schema.DROPS), np.dtype(np.int64), ())
    return open_chunked(file, schema.DROPS, (), (schema.DROPS_PER_CHUNK,))


def read_drops(file: h5py.File, drops: h5py.Dataset) -> NDArray[np.int64]:
    """[n] int64, the dropped steps that the list names, in order."""
    found = read_chunked(file, drops, has_holes=True)
    return np.asarray(found[found != schema.NO_DROP])
