"""Chunks of one file beside each other: no byte of it belongs to two of them.

An index may send a reader to another chunk, of the same dataset or of another, whose checksum is right. As each chunk
was written to a place of its own, one of two that share bytes isn't what it is said to be; which, nothing tells.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol, TypeAlias

import numpy as np

from sparsey_trace.trace.hdf5.chunk_codec import FLETCHER32_BYTES
from sparsey_trace.trace.hdf5.chunk_index import split

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from sparsey_trace.trace.hdf5.chunk_index import Elements

_Extents: TypeAlias = "tuple[NDArray[np.int64], NDArray[np.int64]]"

_SMALLEST_CHUNK = 16
"""Bytes that a chunk and its element of the index take at least; one of nothing but zeros takes 30."""

_AT_ONCE = 16
"""Indexes that are read at once, where each read has to be waited for."""

MISSING, _WRONG, SHARED = 0, -1, -2
"""Stand for where a chunk ends that isn't there, or can't be one, or shares bytes with another."""


class Indexed(Protocol):
    """A dataset with an index of its chunks.

    Attributes:
        is_far: whether its bytes lie elsewhere, and have to be waited for.
        file_size: of the file, in bytes.
        known: [n], where each chunk begins; and [n], where it ends, which is 0 or less where that isn't known.
        chunks_across: how many chunks a row has.
        most_stored: how many bytes a chunk takes at most.
    """

    is_far: bool
    known: _Extents
    chunks_across: int
    most_stored: int

    @property
    def file_size(self) -> int:
        """See the class."""
        ...

    def read_index(self, rows: int, file_size: int) -> Elements:
        """Read the index anew, of so many rows of chunks, and of others as far as that can be."""
        ...


class ChunkExtents:
    """Where the chunks of all growing datasets of a file stand; threads may share it.

    Args:
        is_settled: whether the file doesn't change any more. Then its indexes are read once, as far as they can be,
            however many chunks turn out to be missing; else again for each of these, which may be there by now.
    """

    def __init__(self, *, is_settled: bool = False) -> None:
        """Begin without datasets."""
        self._datasets: list[Indexed] = []
        self._is_settled = is_settled
        self._settled: dict[Indexed, _Extents | Exception] = {}
        self._across = 0

    def add(self, dataset: Indexed) -> None:
        """Take in a dataset, whose index isn't read yet."""
        self._datasets.append(dataset)
        self._across += dataset.chunks_across

    def most_rows(self, file_size: int) -> int:
        """How many rows of chunks fit in a file, whatever is claimed: each dataset has its part of all but the last."""
        return rows_that_fit(file_size, self._across) + 1

    def read(self, asked: Indexed, rows: int) -> _Extents:
        """Read the indexes of all datasets anew, so that each is read once where all of them are needed.

        Args:
            asked: the one whose chunks are needed.
            rows: how many rows of chunks are.

        Returns:
            The extents of the one that was asked for, as `Indexed.known` has them; where the file is settled, maybe of
            fewer rows.

        Raises:
            OSError, ValueError: the one that was asked for can't be read.
        """
        if not self._is_settled:
            found = self._read(rows)[asked]
        else:
            self._settled = self._settled or self._read(0)
            found = self._settled[asked]
        if isinstance(found, Exception):
            # It would keep all that led to it each time.
            raise found.with_traceback(None)
        return found

    def _read(self, rows: int) -> dict[Indexed, _Extents | Exception]:
        """What each dataset knows from now on; or why it can't be read, which is told to whoever asks for that one."""
        found, (begins, ends), faults = self._indexes(rows)
        # While a file is written, something that isn't whole yet may have been read behind what counts.
        if (shared := _shared(begins, ends)).any():
            found, (begins, ends), faults = self._indexes(rows)
            shared = _shared(begins, ends)
        ends, first = np.where(shared, SHARED, ends), 0
        for dataset, count in found.items():
            dataset.known = begins[first : first + count], ends[first : first + count]
            first += count
        return faults | {dataset: dataset.known for dataset in found}

    def _indexes(self, rows: int) -> tuple[dict[Indexed, int], _Extents, dict[Indexed, Exception]]:
        """How many chunks each dataset has; the extents of all, one dataset after the other; and what can't be read."""
        size = self._datasets[0].file_size

        def read(dataset: Indexed) -> Elements | Exception:
            try:
                return dataset.read_index(rows, size)
            except (LookupError, OSError, ValueError) as fault:
                return fault

        if any(dataset.is_far for dataset in self._datasets):
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                read_all = list(pool.map(read, self._datasets))
        else:
            read_all = list(map(read, self._datasets))
        of_each = list(zip(self._datasets, read_all, strict=True))
        found = {dataset: one for dataset, one in of_each if not isinstance(one, Exception)}
        faults = {dataset: one for dataset, one in of_each if isinstance(one, Exception)}
        return {dataset: one.number for dataset, one in found.items()}, _extents(found, size), faults


def _extents(found: Mapping[Indexed, Elements], file_size: int) -> _Extents:
    """[n] and [n], where the chunks of these indexes begin; and where they end, or that they are missing or wrong."""
    begins, sizes, masks = split(list(found.values()))
    most = np.repeat([dataset.most_stored for dataset in found], [one.number for one in found.values()])
    is_right = (sizes > FLETCHER32_BYTES) & (sizes <= most) & (masks == 0)
    is_right &= (begins > 0) & (begins <= file_size - sizes)
    return begins, np.where(sizes == 0, MISSING, np.where(is_right, begins + sizes, _WRONG))


def rows_that_fit(file_size: int, chunks_across: int) -> int:
    """How many rows of so many chunks a file can hold.

    >>> rows_that_fit(1600, 10)
    10
    """
    return file_size // (_SMALLEST_CHUNK * chunks_across)


def overlapping(begins: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.bool_]:
    """[n], which of these extents share bytes with another.

    >>> overlapping(np.array([8, 0, 20, 4]), np.array([12, 5, 30, 8])).tolist()
    [False, True, False, True]
    """
    order = np.argsort(begins, kind="stable")
    begins, ends = begins[order], ends[order]
    shared = np.zeros(len(order), np.bool_)
    shared[order[1:]] = begins[1:] < np.maximum.accumulate(ends)[:-1]
    shared[order[:-1]] |= ends[:-1] > begins[1:]
    return shared


def _shared(begins: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Of all chunks of all datasets, which share bytes with another."""
    shared = np.zeros(len(ends), np.bool_)
    is_known = ends > 0
    shared[is_known] = overlapping(begins[is_known], ends[is_known])
    return shared
