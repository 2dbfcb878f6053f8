"""Datasets of chunks, each looked at before HDF5 unpacks it.

HDF5 makes as much room as a chunk says it takes, reads a chunk that isn't there as zeros, and doesn't check one
whose entry says that its checksum was left out.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from sparsey_trace.trace import trust

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CACHE_SLOTS = 10_007
"""A prime well above the number of chunks that fit, as HDF5 advises."""

_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_ZSTD_HEAD_BYTES = 18
_SMALLEST_FRAME = 9
_SIZE_BYTES = (0, 2, 4, 8)
"""How many bytes say how long a Zstd frame's content is, by the top bits of its descriptor."""


class Chunked:
    """A dataset in chunks.

    Args:
        file: the open file.
        path: where it stands.
        filters: those that its chunks go through.
        chunk: a chunk's shape; None where it is the whole dataset's.
        has_holes: whether chunks may be missing, as in a list that grew before it was filled.
        cache_bytes: how much HDF5 may keep decompressed; None for its own choice.

    Attributes:
        dataset: the dataset, of which nothing was read.

    Raises:
        KeyError, ValueError: there is none, or it is stored in another way.
    """

    def __init__(
        self,
        file: h5py.File,
        path: str,
        *,
        filters: tuple[int, ...],
        chunk: tuple[int, ...] | None = None,
        has_holes: bool = False,
        cache_bytes: int | None = None,
    ) -> None:
        """Open and check it."""
        self._file, self._filters, self._has_holes = file, filters, has_holes
        self.dataset = trust.open_dataset(file, path, _cached(cache_bytes))
        trust.check_filters(self.dataset, *filters)
        chunk = chunk or self.dataset.shape
        if self.dataset.chunks != chunk:
            msg = f"dataset {self.dataset.name}: expected chunks of {chunk}, found {self.dataset.chunks}"
            raise ValueError(msg)
        self._chunk_bytes = math.prod(chunk) * self.dataset.id.get_type().get_size()

    def __len__(self) -> int:
        """How long it is, as far as is known."""
        return len(self.dataset)

    def reach(self, length: int) -> None:
        """See whether it has become so long, if it wasn't."""
        if len(self) < length:
            self.dataset.refresh()

    @property
    def pieces(self) -> int:
        """How many chunks stand beside each other, which all hold the same samples."""
        width = zip(self.dataset.shape[1:], self.dataset.chunks[1:], strict=True)
        return math.prod(-(-side // part) for side, part in width)

    def read(self, start: int = 0, stop: int | None = None) -> NDArray[Any]:
        """[stop - start, ...], from chunks that are all there and whole.

        Raises:
            ValueError: one is missing, or says of itself what can't be.
            OSError: its checksum is wrong.
        """
        if stop is None:
            self.dataset.refresh()
            stop = self._length()
        self.reach(stop)
        for corner in itertools.product(*self._corners(start, stop)):
            self._look_at(corner)
        return np.asarray(self.dataset[start:stop])

    def _length(self) -> int:
        """As long as it may be: what isn't in the file isn't there, whatever is claimed."""
        width = math.prod(self.dataset.shape[1:]) * self.dataset.id.get_type().get_size()
        return int(min(len(self), trust.file_size(self._file) // max(1, width)))

    def _corners(self, start: int, stop: int) -> list[range]:
        along, *across = self.dataset.chunks
        chunks = range(start // along * along, stop, along) if start < stop else range(0)
        sides = zip(self.dataset.shape[1:], across, strict=True)
        return [chunks, *(range(0, side, part) for side, part in sides)]

    def _look_at(self, corner: tuple[int, ...]) -> None:
        found = self.dataset.id.get_chunk_info_by_coord(corner)
        if found.byte_offset is None:
            if self._has_holes:
                return
            msg = f"the chunk at {list(corner)} is missing"
            raise ValueError(msg)
        # HDF5 takes the checksum off the end without asking whether there is one.
        size = found.size - trust.FLETCHER32_BYTES * (trust.FLETCHER32 in self._filters)
        if trust.ZSTD in self._filters and size > 0:
            size = unpacked_size(trust.bytes_at(self._file, found.byte_offset, min(size, _ZSTD_HEAD_BYTES)))
        is_there = found.byte_offset + found.size <= trust.file_size(self._file)
        if size != self._chunk_bytes or found.filter_mask or not is_there:
            msg = f"the chunk at {list(corner)} isn't {self._chunk_bytes:,} bytes that were stored whole"
            raise ValueError(msg)


def _cached(cache_bytes: int | None) -> h5py.h5p.PropDAID | None:
    if cache_bytes is None:
        return None
    access = h5py.h5p.create(h5py.h5p.DATASET_ACCESS)
    access.set_chunk_cache(_CACHE_SLOTS, cache_bytes, 1.0)
    return access


def unpacked_size(frame: bytes) -> int:
    r"""How many bytes a Zstd frame says it holds; -1 where it doesn't, or is none.

    Args:
        frame: its first bytes.

    >>> unpacked_size(bytes.fromhex("28b52ffda00080010000000000")), unpacked_size(b"")
    (98304, -1)
    """
    if not frame.startswith(_ZSTD_MAGIC) or len(frame) < _SMALLEST_FRAME:
        return -1
    descriptor = frame[4]
    is_single = bool(descriptor & 0b10_0000)
    count = _SIZE_BYTES[descriptor >> 6] or int(is_single)
    # A window stands before it where the frame isn't one segment, and the number of a dictionary.
    place = 5 + (not is_single) + (0, 1, 2, 4)[descriptor & 0b11]
    if not count or place + count > len(frame):
        return -1
    return int.from_bytes(frame[place : place + count], "little") + (256 if count == 2 else 0)
