"""What can still be read of a broken trace: what is lost is noted, and raises nothing unless all is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from sparsey_trace.errors import TraceError
from sparsey_trace.trace.format import schema
from sparsey_trace.trace.format.damage import DAMAGE, reading
from sparsey_trace.trace.format.drops import reasons_of
from sparsey_trace.trace.format.head import read_head
from sparsey_trace.trace.format.invariants import broken_invariants, last_of
from sparsey_trace.trace.hdf5 import guarded
from sparsey_trace.trace.hdf5.chunk_extents import rows_that_fit
from sparsey_trace.trace.reading.datasets import MOST_ABSENT_BYTES, open_columns, open_counter, read_drops
from sparsey_trace.trace.reading.tail import Tail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import h5py
    from numpy.typing import NDArray

_T = TypeVar("_T")


@dataclass(frozen=True)
class Piece:
    """Consecutive samples.

    Attributes:
        size: how many.
        values: a column's path to its values [n, ...]; None where they can't be read.
        good: [n], whether each sample is what was recorded.
        steps: [n], the steps they belong to; None where that isn't known.
    """

    size: int
    values: dict[str, NDArray[Any]] | None
    good: NDArray[np.bool_]
    steps: NDArray[np.int64] | None


class Salvage:
    """An open trace of which not everything can be read.

    Args:
        file: the open file.

    Attributes:
        head: what it says before its first sample.
        losses: what was found to be lost, a line each.
        committed: how many samples it had, as far as is known: by its counters; where these make no sense, by how
            many its chunks can hold, and how many in the tail have the numbers that follow.
        is_whole: whether the last step is known to be.

    Raises:
        KeyError, ValueError and others: nothing of it can be had.
    """

    def __init__(self, file: h5py.File) -> None:
        """Open what can be opened."""
        self.losses: list[str] = []
        self._file, self._source = file, guarded.source_of(file)
        self.head = read_head(file, on_loss=self.losses.append)
        self._columns = {
            c.path: c
            for c in schema.columns(
                self.head.layout, self.head.input_kind, self.head.values, self.head.code_bits
            )
        }
        first = guarded.open_dataset(file, "samples/step")
        if not first.chunks:
            msg = "samples/step: expected chunks, found none"
            raise ValueError(msg)
        self._size = int(first.chunks[0])
        # The tail has room for as many; one that may be missing isn't larger than so much.
        most = max(guarded.file_size(file), MOST_ABSENT_BYTES)
        if self._size * sum(c.sample_bytes for c in self._columns.values()) > most:
            msg = f"samples/step: expected chunks that fit in the file, found {self._size:,} samples in each"
            raise ValueError(msg)
        # In a closed trace nothing in the tail means anything, and one that was packed has no room for it.
        self._tail = (
            None
            if self._is_closed()
            else self._or_lost(lambda: Tail(file, self._source, self._columns), "tail")
        )
        self._chunked = open_columns(file, self._source, self._columns, self._size, is_settled=True)
        counts = self._or_lost(self._counts, "progress")
        self.is_whole = counts is not None or self._is_closed()
        self.committed, self._in_chunks = counts or self._guess()

    @property
    def _most_in_chunks(self) -> int:
        """How many samples the chunks can hold: no more of them than fit in the file."""
        across = sum(column.chunks_across for column in self._chunked.values())
        most = rows_that_fit(guarded.file_size(self._file), across) * self._size
        return min(most, *(len(column) for column in self._chunked.values()))

    def _counter(self, name: str) -> int:
        return int(open_counter(self._file, name).read(self._source))

    def _counts(self) -> tuple[int, int]:
        committed, in_chunks = self._counter(schema.COMMITTED), self._counter(schema.IN_CHUNKS)
        fits = 0 <= in_chunks <= self._most_in_chunks and 0 <= committed <= in_chunks + self._size
        if not fits or (self._is_closed() and committed != in_chunks):
            msg = f"{committed} samples committed and {in_chunks} in chunks don't fit the {self._most_in_chunks} there"
            raise ValueError(msg)
        return committed, in_chunks

    def _is_closed(self) -> bool:
        try:
            return self._counter(schema.CLOSED) == 1
        except DAMAGE:
            return False

    def _guess(self) -> tuple[int, int]:
        """How many samples there are, and how many of them in chunks: what most samples in the tail fit behind."""
        whole = self._most_in_chunks // self._size * self._size
        ends = {
            first: first + self._right_in_tail(first)
            for first in (self._most_in_chunks, whole, whole - self._size)
        }
        in_chunks = max(ends, key=lambda first: (ends[first], first))
        return ends[in_chunks], in_chunks

    def _right_in_tail(self, first: int) -> int:
        """How many samples the tail holds if they follow the first ones: up to the last with a right checksum."""
        if self._tail is None or first < 0:
            return 0
        try:
            right = np.flatnonzero(self._tail.read(first, self._size)[1])
        except DAMAGE:
            return 0
        return int(right[-1]) + 1 if len(right) else 0

    def next_step(self) -> int:
        """The number of the next pass; 0 where nothing tells."""
        if not guarded.has_link(self._file, schema.NEXT_STEP):
            return 0
        return self._or_lost(lambda: self._counter(schema.NEXT_STEP), schema.NEXT_STEP) or 0

    def drops(self) -> dict[int, str]:
        """The dropped steps that can be read, and why."""
        found = self._or_lost(lambda: read_drops(self._file), schema.DROPS)
        return {} if found is None else reasons_of(found[found["step"] >= 0])

    def pieces(self) -> Iterator[Piece]:
        """All samples in order, a chunk's at a time."""
        last: dict[str, int] = {}
        end = min(self.committed, self._in_chunks)
        for start in range(0, end, self._size):
            stop = min(start + self._size, end)
            values = self._or_lost(partial(self._read, start, stop), f"samples {start} to {stop}")
            if values is None:
                steps = self._steps(start, stop)
                yield Piece(stop - start, None, np.zeros(stop - start, np.bool_), steps)
            else:
                yield self._checked(values, np.ones(stop - start, np.bool_), start, last)
        if self.committed > self._in_chunks:
            yield self._in_tail(self.committed - self._in_chunks, last)

    def _read(self, start: int, stop: int) -> dict[str, NDArray[Any]]:
        """A column's path to its values [stop - start, ...]."""
        values = {}
        for path, column in self._chunked.items():
            with reading(path, "to read it"):
                values[path] = column.read(start, stop)
        return values

    def _steps(self, start: int, stop: int) -> NDArray[np.int64] | None:
        """[stop - start], the steps of samples whose other values are lost; None where these are lost too."""
        try:
            return self._chunked["samples/step"].read(start, stop)
        except DAMAGE:
            return None

    def _in_tail(self, count: int, last: dict[str, int]) -> Piece:
        start = self._in_chunks
        found = None
        if self._tail is not None:
            found = self._or_lost(partial(self._tail.read, start, count), "tail")
        if found is None:
            return Piece(count, None, np.zeros(count, np.bool_), None)
        values, right = found
        if not right.all():
            self.losses.append(f"{schema.CHECKSUMS}: of {np.count_nonzero(~right)} samples is another")
        return self._checked(values, right, start, last)

    def _checked(
        self, values: dict[str, NDArray[Any]], good: NDArray[np.bool_], start: int, last: dict[str, int]
    ) -> Piece:
        """Samples [n] from `start` on, good where `good` [n] says so and the values are possible behind the last."""
        kept = {path: column[good] for path, column in values.items()}
        if good.any():
            sound = good.copy()
            for broken in broken_invariants(self.head, self._columns, kept, last):
                self.losses.append(broken.first(kept, start))
                sound[np.flatnonzero(good)[broken.samples]] = False
            good = sound
        if good.any():
            last.update(last_of({path: column[good] for path, column in values.items()}))
        return Piece(len(good), values, good, None)

    def _or_lost(self, read: Callable[[], _T], what: str) -> _T | None:
        try:
            return read()
        except (*DAMAGE, TraceError) as error:
            self.losses.append(f"{what}: {' '.join(str(error).split())}")
            return None
