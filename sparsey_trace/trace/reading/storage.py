"""The samples of one file: those in chunks, and behind them those in the tail."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.errors import TraceError
from sparsey_trace.trace.format import schema
from sparsey_trace.trace.format.damage import reading
from sparsey_trace.trace.hdf5 import guarded
from sparsey_trace.trace.hdf5.chunk_extents import rows_that_fit
from sparsey_trace.trace.reading.datasets import (
    open_columns,
    open_counter,
    read_drops,
    tail_length,
)
from sparsey_trace.trace.reading.open_file import close_file
from sparsey_trace.trace.reading.tail import Tail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from sparsey_trace.trace.hdf5.read_file import ReadFile

    Opened = tuple[ReadFile, Mapping[str, schema.Column]]


_SETTLED_NS = 2_000_000_000
"""How old a change has to be for a later one to get another time, on any file system."""


_MOST_TOGETHER = 8 << 20
"""Bytes that are fetched at once of several columns; no more than a part of what is kept of the file."""


class Storage:
    """The datasets of a file, and how many of their samples may be believed; threads may share it.

    HDF5 has the file open only while its structures are looked at; from then on it is read past HDF5.

    Args:
        file: the open file, which is closed here.
        columns: path to column, as the file's layout demands them.
        cache_bytes: how much may be kept decompressed, of all datasets together; the last chunk of each always is.
        present: what stands at the file's path now, open, with its columns, if it is a file of the same trace: this
            one, or another one that its writer has made in its place for inputs of another kind; else None.

    Attributes:
        committed: how many samples there are.
        in_chunks: how many the growing datasets hold.
        closed: whether the writer closed the trace.
        is_open: whether it can be read.
        is_far: whether the file lies elsewhere.
        columns: path to column.
        chunk_size: how many samples a chunk holds.

    Raises:
        KeyError, ValueError: a dataset is missing, or has another dtype or shape than it must.
    """

    def __init__(
        self,
        file: ReadFile,
        columns: Mapping[str, schema.Column],
        *,
        cache_bytes: int = 0,
        present: Callable[[], Opened | None] = lambda: None,
    ) -> None:
        """Find and check every dataset; read the counters."""
        self._name, self._cache_bytes, self._present = file.path, cache_bytes, present
        self._tail_lock = threading.Lock()
        self._open(file, columns)

    def _open(self, file: ReadFile, columns: Mapping[str, schema.Column]) -> None:
        self._source, self.is_open = guarded.source_of(file), True
        self.is_far = bool(self._source.version)
        try:
            self._find(file, columns)
        except BaseException:
            self._source.close()
            raise
        finally:
            close_file(file)

    def _find(self, file: ReadFile, columns: Mapping[str, schema.Column]) -> None:
        self.columns = columns
        # Before the columns: a dataset that is opened later is at least as long as they say.
        names = (schema.COMMITTED, schema.IN_CHUNKS, schema.CLOSED)
        self._counters = {name: open_counter(file, name) for name in names}
        self._read_counters()
        # In a closed trace nothing in the tail means anything.
        self._tail = None if self.closed else Tail(file, self._source, columns)
        self.chunk_size = tail_length(file, columns) if self._tail is None else len(self._tail)
        self._columns = open_columns(
            file,
            self._source,
            columns,
            self.chunk_size,
            cache_bytes=self._cache_bytes,
            in_chunks=self.in_chunks,
        )
        self._seen: tuple[int, int] | None = None
        self._has_changed()
        self._drops = read_drops(file)
        has_next = guarded.has_link(file, schema.NEXT_STEP)
        self._next_step = open_counter(file, schema.NEXT_STEP) if has_next else None
        # How many samples stand before it, and its values; read once for all columns.
        self._known_tail: tuple[int, dict[str, NDArray[Any]]] | None = None
        self._check_counters()

    def _check_counters(self) -> None:
        shortest = min(self.lengths().values())
        across = sum(column.chunks_across for column in self._columns.values())
        most = rows_that_fit(self._source.status().st_size, across) * self.chunk_size
        fits = 0 <= self.in_chunks <= shortest and 0 <= self.committed <= self.in_chunks + self.chunk_size
        if not fits or self.in_chunks > most or (self.closed and self.committed != self.in_chunks):
            msg = (
                f"counters that don't fit the data: {self.committed} samples committed, "
                f"{self.in_chunks} in chunks, {shortest} there"
            )
            raise ValueError(msg)

    def forget(self, *paths: str) -> None:
        """Keep nothing decompressed of these columns; of all, where none is named."""
        for path in paths or self._columns:
            self._columns[path].forget()

    def close(self) -> None:
        """Close the file; closing twice does no harm."""
        self.forget()
        self.is_open = False
        self._source.close()

    def lengths(self) -> dict[str, int]:
        """How many samples each column's chunks hold, believed or not."""
        return {path: len(column) for path, column in self._columns.items()}

    def status(self) -> os.stat_result:
        """What the system says of the file.

        Raises:
            TraceError: it is closed.
        """
        with self._reading("to ask for its size and times"):
            return self._source.status()

    def chunk_checksums(self, samples: int) -> NDArray[np.uint32]:
        """[n], of the chunks that hold the first samples, column by column, as they stand in the file.

        Raises:
            TraceError: the file is closed, or so many are in no chunks, or theirs can't be found.
        """
        with self._reading(f"to read the checksums of {samples} samples in chunks"):
            if samples > self.in_chunks:
                msg = f"{self.in_chunks} in chunks"
                raise ValueError(msg)
            if self._source.version:
                # To fetch the last bytes of each chunk is to fetch all of the file.
                digest = blake2b(self._source.version.encode(), digest_size=16).digest()
                return np.frombuffer(digest, "<u4")
            return np.concatenate([column.checksums(samples) for column in self._columns.values()])

    def spans(self, samples: int) -> NDArray[np.int64]:
        """[n, 3], where the first samples of the trace stand: a file's index, the first sample there, how many."""
        return np.array([(0, 0, samples)] * bool(samples), np.int64).reshape(-1, 3)

    def refresh(self) -> None:
        """Read the counters again; what the writer has made anew in the file's place is read from then on.

        Raises:
            TraceError: the file is closed, or they can't be read.
        """
        with self._reading("to read how many samples there are"):
            if self.closed:
                return
            found = self._present() if self._is_replaced() else None
            if found is None:
                self._read_counters()
                for column in self._columns.values():
                    column.reach(self.in_chunks)
            else:
                self.close()
                self._open(*found)

    def _has_changed(self) -> bool:
        """Whether the file may have been written to since the last time; what was written just now may be again."""
        status = self._source.status()
        seen, self._seen = self._seen, (status.st_size, status.st_mtime_ns)
        is_fresh = status.st_mtime_ns > time.time_ns() - _SETTLED_NS
        return is_fresh or seen != self._seen or self._is_replaced()

    def _is_replaced(self) -> bool:
        """Whether another file stands at the path now."""
        try:
            there = self._name.stat()
        except OSError:
            return False
        return not os.path.samestat(there, self._source.status())

    def _read_counters(self) -> None:
        """The one that is written last first: none runs ahead of the next."""
        with self._reading("to read how many samples there are"):
            self.closed = bool(self._counter(schema.CLOSED))
            self.committed = self._counter(schema.COMMITTED)
            self.in_chunks = self._counter(schema.IN_CHUNKS)

    @contextlib.contextmanager
    def _reading(self, expected: str) -> Iterator[None]:
        if not self.is_open:
            msg = f"{self._name}: expected an open trace, found one that was closed"
            raise TraceError(msg)
        with reading(self._name, expected):
            yield

    def _counter(self, name: str) -> int:
        return int(self._counters[name].read(self._source))

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
                return self._columns[path].read(start, stop, within)
            in_tail = _cut(tail[path], within)[max(start - boundary, 0) : stop - boundary]
            if start >= boundary:
                return in_tail
            return np.concatenate([self._columns[path].read(start, boundary, within), in_tail])

    def prefetch(self, paths: Sequence[str], start: int, stop: int) -> None:
        """Fetch what samples `start` to `stop` of several columns take together, and then the next as many.

        Only of a file elsewhere, and where it isn't too much. What can't be had is said where it is read.
        """
        if not self.is_far or not self.is_open or not start < stop <= self.in_chunks:
            return
        with contextlib.suppress(LookupError, OSError, ValueError):
            later = min(2 * stop - start, self.in_chunks)
            needed, ahead = (
                [span for path in paths for span in self._columns[path].spans(*of)]
                for of in ((start, stop), (stop, later))
            )
            if _total(needed) <= _MOST_TOGETHER:
                self._source.prefetch(needed, ahead if _total(ahead) <= _MOST_TOGETHER else ())

    def encoded(self, path: str) -> Iterator[tuple[tuple[int, ...], bytes]]:
        """The chunks of a closed trace's column as they stand in the file, each behind the indices of its first value.

        Raises:
            TraceError: the file is closed, or a chunk can't be read, or has another checksum.
        """
        with self._reading(f"to read the chunks of {path}"):
            yield from self._columns[path].encoded(self.committed)

    def pick(self, path: str, numbers: NDArray[np.int64], within: slice = slice(None)) -> NDArray[Any]:
        """The samples of these numbers [n], which rise, of a column as stored; see `read`."""
        stop = int(numbers[-1]) + 1 if len(numbers) else 0
        with self._reading(f"to read {len(numbers)} samples up to {stop} of {path}"):
            boundary, tail = self._boundary(stop)
            count = int(np.searchsorted(numbers, boundary))
            found = self._columns[path].pick(numbers[:count], within)
            if count == len(numbers):
                return found
            return np.concatenate([found, _cut(tail[path], within)[numbers[count:] - boundary]])

    def _boundary(self, stop: int) -> tuple[int, dict[str, NDArray[Any]]]:
        """For one who reads up to `stop`: how many samples stand in chunks, and what follows these, by column."""
        with self._tail_lock:
            if stop > self.in_chunks:
                self._read_tail(stop)
            return self.in_chunks, self._known_tail[1] if self._known_tail is not None else {}

    def _read_tail(self, stop: int) -> None:
        """Read the tail up to a sample, unless it is known: as a whole, since its checksums are of whole samples.

        While the trace is written, samples move from the tail into the chunks: where that happened
        during the read, it is done again.
        """
        while not self._knows_tail(stop):
            boundary = self.in_chunks
            count = max(stop, self.committed) - boundary
            if count <= 0:
                return
            if self._tail is None or count > self.chunk_size:
                msg = f"{count} samples that are in no chunk, and a tail of {self.chunk_size}"
                raise ValueError(msg)
            values, right = self._tail.read(boundary, count)
            self.in_chunks = self._counter(schema.IN_CHUNKS)
            if self.in_chunks != boundary:
                continue
            if not right.all():
                first = boundary + np.argmin(right)
                msg = f"{schema.CHECKSUMS}: another checksum than that of sample {first}"
                raise ValueError(msg)
            self._known_tail = boundary, values

    def _knows_tail(self, stop: int) -> bool:
        if self._known_tail is None:
            return False
        boundary, values = self._known_tail
        return boundary == self.in_chunks and len(values["samples/step"]) >= stop - boundary

    def next_step(self) -> int:
        """The number of the next pass, as its writer knew it; 0 where nothing tells.

        Raises:
            TraceError: the file is closed, or it can't be read.
        """
        with self._reading("to read the number of the next pass"):
            return 0 if self._next_step is None else int(self._next_step.read(self._source))

    left_out = 0
    """Samples that are none of the trace's: of one file alone all are."""

    def lacking(self) -> NDArray[np.int64]:
        """[0, 2]: one file alone knows nothing of other ranks' steps."""
        return np.empty((0, 2), np.int64)

    def drops(self) -> NDArray[Any]:
        """[n] `DROP`, the steps that were dropped, in order, and why.

        Raises:
            TraceError: the file is closed, or they can't be read.
        """
        with self._reading("to read which steps were dropped"):
            if not self.closed and self._has_changed() and (found := self._present()) is not None:
                file, _ = found
                try:
                    self._drops = read_drops(file)
                finally:
                    close_file(file)
            return self._drops


def _total(spans: Sequence[tuple[int, int]]) -> int:
    return sum(end - begin for begin, end in spans)


def _cut(values: NDArray[Any], within: slice) -> NDArray[Any]:
    """[n, ...], of which a part of the second axis; values of one axis have none."""
    return values if within == slice(None) else values[:, within]
