"""Chunks of one file beside each other: no byte of it belongs to two of them.

An index may send a reader to another chunk, of the same dataset or of another, whose checksum is right. As each chunk
was written to a place of its own, one of two that share bytes isn't what it is said to be; which, nothing tells.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

_Extents: TypeAlias = "tuple[NDArray[np.int64], NDArray[np.int64]]"

_SMALLEST_CHUNK = 16
"""Bytes that a chunk and its element of the index take at least; one of nothing but zeros takes 30."""

_AT_ONCE = 16
"""Indexes that are read at once, where each read has to be waited for."""

SHARED = -2
"""Stands for where a chunk ends that shares bytes with another."""


class Indexed(Protocol):
    """A dataset with an index of its chunks.

    Attributes:
        is_far: whether its bytes lie elsewhere, and have to be waited for.
        known: [n], where each chunk begins; and [n], where it ends, which is 0 or less where that isn't known.
        chunks_across: how many chunks a row has.
    """

    is_far: bool
    known: _Extents
    chunks_across: int

    def read_index(self, rows: int) -> _Extents:
        """Read the index anew, of so many rows of chunks, and of others as far as that can be."""


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
        indexes, faults = self._indexes(rows)
        # While a file is written, something that isn't whole yet may have been read behind what counts.
        if (shared := _shared(indexes.values())).any():
            indexes, faults = self._indexes(rows)
            shared = _shared(indexes.values())
        edges = np.cumsum([len(begins) for begins, _ in indexes.values()])[:-1]
        parts = np.split(shared, edges) if indexes else []
        for (dataset, (begins, ends)), which in zip(indexes.items(), parts, strict=True):
            dataset.known = (begins, np.where(which, SHARED, ends))
        return faults | {dataset: dataset.known for dataset in indexes}

    def _indexes(self, rows: int) -> tuple[dict[Indexed, _Extents], dict[Indexed, Exception]]:
        def read(dataset: Indexed) -> _Extents | Exception:
            try:
                return dataset.read_index(rows)
            except (LookupError, OSError, ValueError) as fault:
                return fault

        if any(dataset.is_far for dataset in self._datasets):
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                read_all = list(pool.map(read, self._datasets))
        else:
            read_all = list(map(read, self._datasets))
        of_each = list(zip(self._datasets, read_all, strict=True))
        found = {dataset: one for dataset, one in of_each if not isinstance(one, Exception)}
        return found, {dataset: one for dataset, one in of_each if isinstance(one, Exception)}


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


def _shared(found: Collection[_Extents]) -> NDArray[np.bool_]:
    """Of all chunks of all datasets, which share bytes with another."""
    nothing = np.zeros(0, np.int64)
    begins, ends = (np.concatenate([nothing, *(extents[side] for extents in found)]) for side in (0, 1))
    shared = np.zeros(len(ends), np.bool_)
    is_known = ends > 0
    shared[is_known] = overlapping(begins[is_known], ends[is_known])
    return shared
