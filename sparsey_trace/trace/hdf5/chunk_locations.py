"""Where a dataset's chunks stand in the file, and their bytes. A chunk is written once and never moves."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sparsey_trace.trace.hdf5.chunk_codec import FLETCHER32_BYTES
from sparsey_trace.trace.hdf5.chunk_extents import MISSING, SHARED
from sparsey_trace.trace.hdf5.chunk_index import read_chunk_index
from sparsey_trace.trace.hdf5.object_headers import read_header

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from sparsey_trace.trace.hdf5.byte_source import ByteSource
    from sparsey_trace.trace.hdf5.chunk_extents import ChunkExtents
    from sparsey_trace.trace.hdf5.chunk_index import Elements

_AHEAD_BYTES = 1 << 20
"""What is fetched beyond what is asked for, of a file that lies elsewhere."""


class GrowingDataset(NamedTuple):
    """A dataset that was found sound.

    Attributes:
        path: in the file.
        header: the address of its header.
        chunk_index: that of its list of chunks; None where it may not be made yet.
        shape: how long it is along each axis; the first one grows.
        chunks: a chunk's shape.
    """

    path: str
    header: int
    chunk_index: int | None
    shape: tuple[int, ...]
    chunks: tuple[int, ...]


class ChunkLocations:
    """The chunks of a growing dataset, numbered in the order of its index: along its first axis, then its second.

    Args:
        source: the file's bytes.
        dataset: whose chunks are compressed and checked with Fletcher32; only its first two axes are cut into chunks.
        size: how many bytes a chunk holds when it is decoded.
        extents: those of the file, which this one joins.

    Attributes:
        length: of the dataset's first axis, as far as is known.
        is_far: whether the file lies elsewhere.
        most_stored: how many bytes a chunk takes in the file at most.
    """

    def __init__(self, source: ByteSource, dataset: GrowingDataset, size: int, extents: ChunkExtents) -> None:
        """Nothing is read yet."""
        self._source, self._dataset, self._size = source, dataset, size
        self.is_far = bool(source.version)
        # Neither Zstd nor deflate makes anything longer by more than a 256th and a few bytes.
        self.most_stored = size + size // 128 + 511
        self.length = dataset.shape[0]
        sides = zip(dataset.shape[1:], dataset.chunks[1:], strict=True)
        self.chunks_across: int = math.prod(-(-side // length) for side, length in sides)
        # Where each begins and ends; both at once, as threads share them.
        self.known = (np.zeros(0, np.int64), np.zeros(0, np.int64))
        self._extents = extents
        extents.add(self)

    def read(self, numbers: Sequence[int]) -> list[bytes]:
        """The bytes of chunks as they stand in the file; what stands side by side there is read at once.

        Args:
            numbers: which, ascending; at least one.

        Raises:
            ValueError: one is missing, or can't be what a chunk is.
        """
        begins, ends = self._find(numbers)
        if self.is_far:
            self._source.prefetch(list(zip(begins, ends, strict=True)), list(self._next(numbers)))
        found = []
        for spans in _adjacent(begins, ends):
            start = spans[0][0]
            content = self._source.read(start, spans[-1][1] - start)
            found += [content[begin - start : end - start] for begin, end in spans]
        return found

    def spans(self, numbers: Sequence[int]) -> list[tuple[int, int]]:
        """Where chunks begin and end; see `read`."""
        return list(zip(*self._find(numbers), strict=True)) if numbers else []

    def _next(self, numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
        """Where the chunks stand that one who reads on needs next: of the next rows, the same ones."""
        begins, ends = self.known
        step = (numbers[-1] // self.chunks_across - numbers[0] // self.chunks_across + 1) * self.chunks_across
        left, number = _AHEAD_BYTES, 0
        for first in range(step, len(ends), step):
            for number in (number for number in np.add(numbers, first).tolist() if number < len(ends)):
                left -= max(0, int(ends[number] - begins[number]))
                if left < 0 or ends[number] <= 0:
                    return
                yield int(begins[number]), int(ends[number])

    def checksums(self, count: int) -> NDArray[np.uint32]:
        """[count], of the first chunks, as they stand in the file: the last four bytes of each.

        Raises:
            ValueError: a chunk is missing, or can't be what a chunk is.
        """
        if not count:
            return np.zeros(0, np.uint32)
        ends = self._find(range(count))[1]
        found = [self._source.read(end - FLETCHER32_BYTES, FLETCHER32_BYTES) for end in ends]
        return np.frombuffer(b"".join(found), "<u4")

    def corner(self, number: int) -> list[int]:
        """The indices of a chunk's first value in the dataset."""
        along = (*divmod(number, self.chunks_across), 0)[: len(self._dataset.chunks)]
        return [index * length for index, length in zip(along, self._dataset.chunks, strict=True)]

    def not_whole(self, number: int) -> ValueError:
        """What to raise for a chunk that can't be decoded to what it must be."""
        msg = f"the chunk at {self.corner(number)} isn't {self._size:,} bytes that were stored whole"
        return ValueError(msg)

    def _missing(self, number: int) -> ValueError:
        msg = f"the chunk at {self.corner(number)} is missing"
        return ValueError(msg)

    def _find(self, numbers: Sequence[int]) -> tuple[list[int], list[int]]:
        """Where each chunk begins and ends."""
        which = np.asarray(numbers)
        known = self.known
        if numbers[-1] >= len(known[1]) or known[1][which].min() <= 0:
            known = self._extents.read(self, numbers[-1] // self.chunks_across + 1)
        if numbers[-1] >= len(known[1]):
            raise self._missing(max(numbers[0], len(known[1])))
        begins, ends = (addresses[which].tolist() for addresses in known)
        for number, end in zip(numbers, ends, strict=True):
            if end == MISSING:
                raise self._missing(number)
            if end == SHARED:
                msg = f"the chunk at {self.corner(number)} shares its bytes with another chunk of the file"
                raise ValueError(msg)
            if end < MISSING:
                raise self.not_whole(number)
        return begins, ends

    @property
    def file_size(self) -> int:
        """How many bytes the file has now."""
        return self._source.status().st_size

    def read_index(self, rows: int, file_size: int) -> Elements:
        """Read the index anew, as it may have grown: so many rows, and others as far as that can be.

        Args:
            rows: how many have to be there.
            file_size: in bytes.
        """
        read, index = self._source.read, self._dataset.chunk_index
        if index is None:
            index = read_header(read, self._dataset.header, self._dataset.path).chunk_index
        most_rows = min(-(-self.length // self._dataset.chunks[0]), self._extents.most_rows(file_size))
        count, most = rows * self.chunks_across, most_rows * self.chunks_across
        return read_chunk_index(read, index, count, most)


def _adjacent(begins: Sequence[int], ends: Sequence[int]) -> Iterator[list[tuple[int, int]]]:
    """Beginnings and ends, those together where one begins as the one before ends."""
    spans: list[tuple[int, int]] = []
    for span in zip(begins, ends, strict=True):
        if spans and span[0] != spans[-1][1]:
            yield spans
            spans = []
        spans.append(span)
    yield spans
