"""A column of a trace: chunks that are read and decoded past HDF5, straight into the array that is asked for."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.trace.hdf5 import chunk_codec, guarded
from sparsey_trace.trace.hdf5.chunk_locations import ChunkLocations, GrowingDataset
from sparsey_trace.trace.hdf5.chunked_dataset import check_chunks
from sparsey_trace.trace.hdf5.sound_headers import checked, is_growing

if TYPE_CHECKING:
    from collections.abc import Iterator

    import h5py
    from numpy.typing import NDArray

    from sparsey_trace.trace.format import schema
    from sparsey_trace.trace.hdf5.byte_source import ByteSource
    from sparsey_trace.trace.hdf5.chunk_extents import ChunkExtents

_AT_ONCE = 1 << 20
"""Bytes that are decoded before they are copied to where they belong: few enough for the processor's cache."""


def find_growing(
    file: h5py.File, column: schema.Column, *, samples: int, at_least: int = 0
) -> GrowingDataset:
    """The growing dataset of a column, which is stored as it must be.

    Args:
        file: the open file, whose links were checked.
        column: which.
        samples: how many a chunk holds.
        at_least: how many samples it is known to hold.

    Raises:
        KeyError, ValueError: there is none, or it is stored in another way.
    """
    chunk = column.chunk_shape(samples)

    def length(dataset: h5py.Dataset) -> int:
        guarded.check_dtype(dataset, column.stored_dtype, column.width)
        check_chunks(dataset, column.codec.filters, chunk)
        guarded.check_fill_value(dataset, column.codec.fill_value)
        if len(dataset) < at_least:
            # HDF5 may remember its length from before that was known.
            dataset.refresh()
        return int(dataset.shape[0])

    found, address, header = checked(file, column.path, (column, chunk), length)
    index = None if is_growing(file) else header.chunk_index
    return GrowingDataset(column.path, address, index, (found, *column.width), chunk)


@dataclass(eq=False)
class _Row:
    """What one row of chunks holds, once it is decoded."""

    busy: threading.Lock = field(default_factory=threading.Lock)
    values: NDArray[Any] | None = None


class ChunkedColumn:
    """The growing dataset of a column; threads may share it.

    The chunks of the same samples are a row: one chunk, or several side by side where a layer has many MACs. Rows
    that were asked for in part are kept: the last ones, or all where there is room for all.

    Args:
        source: the file's bytes.
        dataset: from `find_growing`.
        column: which.
        samples: how many a chunk holds.
        extents: those of the file's chunks, which this one's join.
        kept_bytes: how much may be kept decoded; one row always is.
    """

    def __init__(
        self,
        source: ByteSource,
        dataset: GrowingDataset,
        column: schema.Column,
        *,
        samples: int,
        extents: ChunkExtents,
        kept_bytes: int = 0,
    ) -> None:
        """Nothing is read yet."""
        chunk = column.chunk_shape(samples)
        self._column = column
        # All columns have the axes of codes here: samples, MACs, CMs.
        self._macs = (*column.width, 1)[0]
        self._shape = (*chunk, 1, 1)[:3]
        self._chunk_bytes = math.prod(chunk) * column.dtype.itemsize
        self._locations = ChunkLocations(source, dataset, self._chunk_bytes, extents)
        self._rows_kept = max(1, kept_bytes // (samples * column.sample_bytes))
        self._kept_row = lru_cache(maxsize=self._rows_kept)(lambda *_: _Row())
        self._is_backwards = True

    def __len__(self) -> int:
        """How many samples it holds, as far as is known."""
        return self._locations.length

    def reach(self, length: int) -> None:
        """Take note that it has become so long, if it wasn't."""
        self._locations.length = max(self._locations.length, length)

    @property
    def chunks_across(self) -> int:
        """How many chunks a row has."""
        return self._locations.chunks_across

    def spans(self, start: int, stop: int) -> list[tuple[int, int]]:
        """Where the chunks stand in the file that hold samples `start` to `stop`.

        Raises:
            ValueError: one is missing, or says of itself what can't be.
        """
        size = self._shape[0]
        return self._locations.spans(
            range(start // size * self.chunks_across, -(-stop // size) * self.chunks_across)
        )

    def checksums(self, samples: int) -> NDArray[np.uint32]:
        """[n], of the chunks that hold the first samples, as they stand in the file.

        Raises:
            ValueError: a chunk is missing, or says of itself what can't be.
        """
        return self._locations.checksums(-(-samples // self._shape[0]) * self.chunks_across)

    def forget(self) -> None:
        """Keep nothing any more."""
        self._kept_row.cache_clear()

    def read(self, start: int, stop: int, within: slice = slice(None)) -> NDArray[Any]:
        """Samples `start` to `stop`, [n, ...] as stored.

        Args:
            start: the first sample.
            stop: the one to stop before.
            within: a part of the first axis behind the samples'; only chunks that have some of it are read.

        Raises:
            ValueError: a chunk is missing, or says of itself what can't be, or has another checksum.
            OSError: it can't be decoded.
        """
        low, high, _ = within.indices(self._macs)
        found = self._empty(max(0, stop - start), high - low)
        size = self._shape[0]
        first, last = -(-start // size) * size, stop // size * size
        is_direct = first < last and len(self) > self._rows_kept * size
        edges = [start, first, last, stop] if is_direct else [start, *range(first, stop, size), stop]
        for begin, end in pairwise(edges):
            part = found[begin - start : end - start]
            if is_direct and begin == first:
                self._fill(part, begin // size, low)
            elif begin < end:
                row, offset = self._row(begin // size, low, high), begin % size
                part[:] = row[offset : offset + len(part)]
        return self._shaped(found)

    def pick(self, numbers: NDArray[np.int64], within: slice = slice(None)) -> NDArray[Any]:
        """The samples of these numbers, [n, ...] as stored; see `read`.

        Args:
            numbers: [n], ascending.
            within: a part of the first axis behind the samples'.
        """
        low, high, _ = within.indices(self._macs)
        found = self._empty(len(numbers), high - low)
        rows, offsets = np.divmod(numbers, self._shape[0])
        edges = [0, *(np.flatnonzero(np.diff(rows)) + 1).tolist(), len(numbers)]
        spans = list(pairwise(edges)) if len(numbers) else []
        # Each time from the other end: where not all rows are kept, those decoded last still are.
        self._is_backwards = not self._is_backwards
        if self._is_backwards:
            spans.reverse()
        # First rows that no other thread is about to decode, so that threads that ask for the same share the work.
        for wait in (False, True):
            waiting = []
            for first, last in spans:
                row = self._row_if_free(int(rows[first]), low, high, wait=wait)
                if row is None:
                    waiting.append((first, last))
                else:
                    np.take(row, offsets[first:last], axis=0, out=found[first:last], mode="clip")
            spans = waiting
        return self._shaped(found)

    def encoded(self, samples: int) -> Iterator[tuple[tuple[int, ...], bytes]]:
        """The chunks of the first samples as they stand in the file, each behind the indices of its first value.

        Raises:
            ValueError: a chunk is missing, or says of itself what can't be, or has another checksum.
        """
        count = -(-samples // self._shape[0]) * self.chunks_across
        at_once = max(1, _AT_ONCE // self._chunk_bytes)
        for first in range(0, count, at_once):
            numbers = range(first, min(first + at_once, count))
            for number, stored in zip(numbers, self._locations.read(numbers), strict=True):
                self._frame(number, stored)
                yield tuple(self._locations.corner(number)), stored

    def _empty(self, samples: int, macs: int) -> NDArray[Any]:
        """[samples, macs, Q], to be filled."""
        return np.empty((samples, macs, self._shape[2]), self._column.dtype)

    def _shaped(self, found: NDArray[Any]) -> NDArray[Any]:
        """[n, ...] with the axes that the column has, from [n, macs, Q]."""
        samples, macs, _ = found.shape
        return found.reshape(samples, *(macs, *self._column.width[1:])[: len(self._column.width)])

    def _row(self, row: int, low: int, high: int) -> NDArray[Any]:
        """[size of a chunk, high - low, Q], of one row what lies from `low` to `high`."""
        found = self._row_if_free(row, low, high, wait=True)
        assert found is not None
        return found

    def _row_if_free(self, row: int, low: int, high: int, *, wait: bool) -> NDArray[Any] | None:
        """The same; unless told to wait, None where another thread is decoding it."""
        width = self._shape[1]
        first, last = low // width, -(-high // width)
        kept = self._kept_row(row, first, last)
        if not kept.busy.acquire(blocking=wait):
            return None
        try:
            if kept.values is None:
                kept.values = self._decoded_row(row, first, last)
        finally:
            kept.busy.release()
        return kept.values[:, low - first * width : high - first * width]

    def _decoded_row(self, row: int, first: int, last: int) -> NDArray[Any]:
        """[size of a chunk, macs, Q], of one row what its chunks from the first to before the last hold."""
        size, width, _ = self._shape
        found = self._empty(size, min(last * width, self._macs) - first * width)
        self._fill(found, row, first * width)
        return found

    def _fill(self, found: NDArray[Any], row: int, low: int) -> None:
        """Fill [whole rows of samples, macs, Q], from the row of that number on, with what lies from `low` on."""
        size, width, _ = self._shape
        high = low + found.shape[1]
        across = range(low // width, -(-high // width))
        rows = range(row, row + len(found) // size)
        numbers = [one * self.chunks_across + column for one in rows for column in across]
        at_once = max(1, _AT_ONCE // self._chunk_bytes)
        for first in range(0, len(numbers), at_once):
            batch = numbers[first : first + at_once]
            for number, chunk in zip(batch, self._decoded(batch), strict=True):
                one, column = divmod(number, self.chunks_across)
                left, top = column * width, (one - row) * size
                begin, end = max(low, left), min(high, left + width)
                found[top : top + size, begin - low : end - low] = chunk[:, begin - left : end - left]

    def _decoded(self, numbers: list[int]) -> NDArray[Any]:
        """[n, *shape of a chunk], the chunks of these numbers."""
        frames = []
        for number, stored in zip(numbers, self._locations.read(numbers), strict=True):
            frames.append(self._frame(number, stored))
        values = self._column.codec.decompress(frames, self._chunk_bytes, self._column.dtype)
        return values.reshape(-1, *self._shape)

    def _frame(self, number: int, stored: bytes) -> bytes:
        """What was compressed of a chunk, whose checksum is right."""
        if not self._column.codec.may_hold(stored, self._chunk_bytes):
            raise self._locations.not_whole(number)
        frame = chunk_codec.checked_frame(stored)
        if frame is None:
            msg = f"the chunk at {self._locations.corner(number)} has another checksum than it should"
            raise ValueError(msg)
        return frame
