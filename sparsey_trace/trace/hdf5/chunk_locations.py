"""Where a column's chunks stand in the file, and their bytes. A chunk is written once and never moves."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.trace.hdf5 import guarded
from sparsey_trace.trace.hdf5.chunk_index import read_entries
from sparsey_trace.trace.hdf5.object_headers import read_header

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import h5py
    from numpy.typing import NDArray

SMALLEST_CHUNK = 16
"""Bytes that a chunk and its entry take at least; one of nothing but zeros takes 30."""

_MISSING, _WRONG = 0, -1
"""Stand for where a chunk ends that isn't there, or can't be one."""


class Places:
    """The places of a column's chunks, which are numbered in their order: samples first, then groups of MACs.

    Args:
        file: the open file.
        dataset: the column's.
        size: how many bytes a chunk holds when it is unpacked.
    """

    def __init__(self, file: h5py.File, dataset: h5py.Dataset, size: int) -> None:
        """Look at nothing yet."""
        self._file, self._dataset, self._size = file, dataset, size
        sides = zip(dataset.shape[1:], dataset.chunks[1:], strict=True)
        self.pieces: int = math.prod(-(-side // part) for side, part in sides)
        self._header = file.id.links.get_info(dataset.name.encode()).u
        # Where each begins and ends; both at once, as threads share them.
        self._known = (np.zeros(0, np.int64), np.zeros(0, np.int64))

    def read(self, numbers: Sequence[int]) -> list[bytes]:
        """The bytes of chunks as they stand in the file; what stands side by side there is read at once.

        Args:
            numbers: which, ascending; at least one.

        Raises:
            ValueError: one is missing, or can't be what a chunk is.
        """
        found = []
        for spans in _stretches(*self._find(numbers)):
            start = spans[0][0]
            content = guarded.bytes_at(self._file, start, spans[-1][1] - start)
            found += [content[place - start : end - start] for place, end in spans]
        return found

    def corner(self, number: int) -> list[int]:
        """Where a chunk's first value stands in the column."""
        # Behind the samples, only the first axis is cut.
        place = (*divmod(number, self.pieces), 0)[: len(self._dataset.chunks)]
        return [at * side for at, side in zip(place, self._dataset.chunks, strict=True)]

    def not_whole(self, number: int) -> ValueError:
        """What to raise for a chunk that can't be unpacked to what it must be."""
        msg = f"the chunk at {self.corner(number)} isn't {self._size:,} bytes that were stored whole"
        return ValueError(msg)

    def _find(self, numbers: Sequence[int]) -> tuple[list[int], list[int]]:
        """Where each chunk begins and ends."""
        which = np.asarray(numbers)
        known = self._known
        if numbers[-1] >= len(known[1]) or known[1][which].min() <= 0:
            known = self._known = self._look(numbers[-1] + 1)
        places, ends = (part[which].tolist() for part in known)
        for number, end in zip(numbers, ends, strict=True):
            if end == _MISSING:
                msg = f"the chunk at {self.corner(number)} is missing"
                raise ValueError(msg)
            if end == _WRONG:
                raise self.not_whole(number)
        return places, ends

    def _look(self, count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Look at the file's list, which may have grown: at so many entries, and at others as far as that can be."""
        read = partial(guarded.bytes_at, self._file)
        header = read_header(read, self._header, self._dataset.name)
        rows = -(-self._dataset.shape[0] // self._dataset.chunks[0])
        size = guarded.file_size(self._file)
        most = min(rows * self.pieces, size // SMALLEST_CHUNK)
        places, counts, masks = read_entries(read, header.chunks, count, most)
        # Zstd makes nothing longer by more than a 256th and a few bytes.
        is_right = (counts > guarded.FLETCHER32_BYTES) & (counts < self._size + self._size // 128 + 512)
        is_right &= (places > 0) & (places <= size - counts) & (masks == 0)
        return places, np.where(counts == 0, _MISSING, np.where(is_right, places + counts, _WRONG))


def _stretches(places: Sequence[int], ends: Sequence[int]) -> Iterator[list[tuple[int, int]]]:
    """Beginnings and ends, those together where one begins as the one before ends."""
    spans: list[tuple[int, int]] = []
    for span in zip(places, ends, strict=True):
        if spans and span[0] != spans[-1][1]:
            yield spans
            spans = []
        spans.append(span)
    yield spans
