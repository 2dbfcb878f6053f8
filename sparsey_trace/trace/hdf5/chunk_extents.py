"""Chunks of one file beside each other: no byte of it belongs to two of them.

An index may send a reader to another chunk, of the same dataset or of another, whose checksum is right. As each chunk
was written to a place of its own, one of two that share bytes isn't what it is said to be; which, nothing tells.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_Extents: TypeAlias = "tuple[NDArray[np.int64], NDArray[np.int64]]"

SHARED = -2
"""Stands for where a chunk ends that shares bytes with another."""


class Indexed(Protocol):
    """A dataset with an index of its chunks.

    Attributes:
        known: [n], where each chunk begins; and [n], where it ends, which is 0 or less where that isn't known.
    """

    known: _Extents

    def read_index(self, rows: int) -> _Extents:
        """Read the index anew, of so many rows of chunks, and of others as far as that can be."""


class ChunkExtents:
    """Where the chunks of all growing datasets of a file stand; threads may share it."""

    def __init__(self) -> None:
        """Begin without datasets."""
        self._datasets: list[Indexed] = []

    def add(self, dataset: Indexed) -> None:
        """Take in a dataset, whose index isn't read yet."""
        self._datasets.append(dataset)

    def read(self, asked: Indexed, rows: int) -> _Extents:
        """Read the indexes of all datasets anew, so that each is read once where all of them are needed.

        Args:
            asked: the one whose chunks are needed.
            rows: how many rows of chunks are.

        Returns:
            The extents of the one that was asked for, as `Indexed.known` has them.

        Raises:
            OSError, ValueError: the one that was asked for can't be read.
        """
        found = self._read(asked, rows)
        # While a file is written, something that isn't whole yet may have been read behind what counts.
        if (shared := _shared(found)).any():
            found = self._read(asked, rows)
            shared = _shared(found)
        edges = np.cumsum([len(begins) for _, (begins, _) in found])[:-1]
        for (dataset, (begins, ends)), which in zip(found, np.split(shared, edges), strict=True):
            dataset.known = (begins, np.where(which, SHARED, ends))
            if dataset is asked:
                result = dataset.known
        return result

    def _read(self, asked: Indexed, rows: int) -> list[tuple[Indexed, _Extents]]:
        found = []
        for dataset in self._datasets:
            try:
                found.append((dataset, dataset.read_index(rows)))
            except (LookupError, OSError, ValueError):
                # Another's fault is told by whoever reads that one.
                if dataset is asked:
                    raise
        return found


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


def _shared(found: list[tuple[Indexed, _Extents]]) -> NDArray[np.bool_]:
    """Of all chunks of all datasets, which share bytes with another."""
    begins, ends = (np.concatenate([extents[side] for _, extents in found]) for side in (0, 1))
    shared = np.zeros(len(ends), np.bool_)
    is_known = ends > 0
    shared[is_known] = overlapping(begins[is_known], ends[is_known])
    return shared
