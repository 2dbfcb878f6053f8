"""A column of a trace: chunks that are read and unpacked past HDF5, straight into the array that is asked for."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.trace.hdf5 import chunk_codec, guarded
from sparsey_trace.trace.hdf5.chunk_locations import ChunkLocations
from sparsey_trace.trace.hdf5.chunked_dataset import open_chunked

if TYPE_CHECKING:
    import h5py
    from numpy.typing import NDArray

    from sparsey_trace.trace.format import schema

_AT_ONCE = 1 << 20
"""Bytes that are unpacked before they are put in their places: few enough for the processor's cache."""


@dataclass(eq=False)
class _Kept:
    """What is kept of a row, once it is unpacked."""

    busy: threading.Lock = field(default_factory=threading.Lock)
    values: NDArray[Any] | None = None


class PackedColumn:
    """The growing dataset of a column; threads may share it.

    A row is what chunks hold of the same samples. Of rows that were asked for in part the last ones are kept, and
    all rows where there is room for all.

    Args:
        file: the open file.
        column: which.
        samples: how many a chunk holds.
        kept_bytes: how much may be kept unpacked; one row always is.

    Raises:
        KeyError, ValueError: there is none, or it is stored in another way.
    """

    def __init__(self, file: h5py.File, column: schema.Column, *, samples: int, kept_bytes: int = 0) -> None:
        """Open and check it."""
        guarded.check_dtype(guarded.open_dataset(file, column.path), column.dtype, column.width)
        chunk = column.chunk_shape(samples)
        self._dataset = open_chunked(file, column.path, (guarded.ZSTD, guarded.FLETCHER32), chunk)
        self._column = column
        # Of every column as of codes: samples, MACs, CMs.
        self._side = (*column.width, 1)[0]
        self._shape = (*chunk, 1, 1)[:3]
        self._size = math.prod(chunk) * column.dtype.itemsize
        self._locations = ChunkLocations(file, self._dataset, self._size)
        self._most = max(1, kept_bytes // (samples * column.sample_bytes))
        self._kept = lru_cache(maxsize=self._most)(lambda *_: _Kept())

    def __len__(self) -> int:
        """How many samples it holds, as far as is known."""
        return int(self._dataset.shape[0])

    def reach(self, length: int) -> None:
        """See whether it has become so long, if it wasn't."""
        if len(self) < length:
            self._dataset.refresh()

    @property
    def pieces(self) -> int:
        """How many chunks stand beside each other, which all hold the same samples."""
        return self._locations.chunks_across

    def forget(self) -> None:
        """Keep nothing any more."""
        self._kept.cache_clear()

    def read(self, start: int, stop: int, within: slice = slice(None)) -> NDArray[Any]:
        """Samples `start` to `stop`, [n, ...] as stored.

        Args:
            start: the first sample.
            stop: the one to stop before.
            within: a part of the first axis behind the samples'; only chunks that have some of it are read.

        Raises:
            ValueError: a chunk is missing, or says of itself what can't be, or has another checksum.
            OSError: it can't be unpacked.
        """
        low, high, _ = within.indices(self._side)
        found = self._empty(max(0, stop - start), high - low)
        along = self._shape[0]
        first, last = -(-start // along) * along, stop // along * along
        is_whole = first < last and len(self) > self._most * along
        edges = [start, first, last, stop] if is_whole else [start, *range(first, stop, along), stop]
        for one, other in pairwise(edges):
            part = found[one - start : other - start]
            if is_whole and one == first:
                self._fill(part, one // along, low)
            elif one < other:
                row, begin = self._row(one // along, low, high), one % along
                part[:] = row[begin : begin + len(part)]
        return self._shaped(found)

    def pick(self, numbers: NDArray[np.int64], within: slice = slice(None)) -> NDArray[Any]:
        """The samples of these numbers, [n, ...] as stored; see `read`.

        Args:
            numbers: [n], ascending.
            within: a part of the first axis behind the samples'.
        """
        low, high, _ = within.indices(self._side)
        found = self._empty(len(numbers), high - low)
        rows, places = np.divmod(numbers, self._shape[0])
        edges = [0, *(np.flatnonzero(np.diff(rows)) + 1).tolist(), len(numbers)]
        parts = list(pairwise(edges)) if len(numbers) else []
        # First those that no other thread is about to unpack, so that threads that ask for the same share the work.
        for wait in (False, True):
            waiting = []
            for first, last in parts:
                row = self._row_if(int(rows[first]), low, high, wait=wait)
                if row is None:
                    waiting.append((first, last))
                else:
                    np.take(row, places[first:last], axis=0, out=found[first:last], mode="clip")
            parts = waiting
        return self._shaped(found)

    def _empty(self, samples: int, side: int) -> NDArray[Any]:
        return np.empty((samples, side, self._shape[2]), self._column.dtype)

    def _shaped(self, found: NDArray[Any]) -> NDArray[Any]:
        samples, side, _ = found.shape
        return found.reshape(samples, *(side, *self._column.width[1:])[: len(self._column.width)])

    def _row(self, row: int, low: int, high: int) -> NDArray[Any]:
        """[C, ...], of one row what lies from `low` to `high`."""
        found = self._row_if(row, low, high, wait=True)
        assert found is not None
        return found

    def _row_if(self, row: int, low: int, high: int, *, wait: bool) -> NDArray[Any] | None:
        """The same; unless told to wait, None where another thread is unpacking it."""
        part = self._shape[1]
        first, last = low // part, -(-high // part)
        kept = self._kept(row, first, last)
        if not kept.busy.acquire(blocking=wait):
            return None
        try:
            if kept.values is None:
                kept.values = self._unpacked_row(row, first, last)
        finally:
            kept.busy.release()
        return kept.values[:, low - first * part : high - first * part]

    def _unpacked_row(self, row: int, first: int, last: int) -> NDArray[Any]:
        """[C, ...], what chunks from the first to before the last one of a row hold."""
        along, part, _ = self._shape
        found = self._empty(along, min(last * part, self._side) - first * part)
        self._fill(found, row, first * part)
        return found

    def _fill(self, found: NDArray[Any], row: int, low: int) -> None:
        """Fill an array [n, ...] of whole rows, from the row of that number on, with what lies from `low` on."""
        along, part, _ = self._shape
        high = low + found.shape[1]
        across = range(low // part, -(-high // part))
        rows = range(row, row + len(found) // along)
        numbers = [of_row * self.pieces + piece for of_row in rows for piece in across]
        at_once = max(1, _AT_ONCE // self._size)
        for first in range(0, len(numbers), at_once):
            batch = numbers[first : first + at_once]
            for number, chunk in zip(batch, self._unpacked(batch), strict=True):
                of_row, piece = divmod(number, self.pieces)
                left, top = piece * part, (of_row - row) * along
                begin, end = max(low, left), min(high, left + part)
                found[top : top + along, begin - low : end - low] = chunk[:, begin - left : end - left]

    def _unpacked(self, numbers: list[int]) -> NDArray[Any]:
        """[n, *shape of a chunk]."""
        packed = []
        for number, stored in zip(numbers, self._locations.read(numbers), strict=True):
            if chunk_codec.decoded_size(stored) != self._size:
                raise self._locations.not_whole(number)
            frame = chunk_codec.checked_frame(stored)
            if frame is None:
                msg = f"the chunk at {self._locations.corner(number)} has another checksum than it should"
                raise ValueError(msg)
            packed.append(frame)
        return chunk_codec.decode(packed, self._size).view(self._column.dtype).reshape(-1, *self._shape)
