"""Small datasets in chunks, each looked at before HDF5 reads it.

HDF5 allocates as much memory as a chunk says it takes, reads a chunk that isn't there as zeros, and doesn't check one
whose filter mask says that its checksum was left out.
"""

from __future__ import annotations

import itertools
import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.trace.hdf5 import guarded
from sparsey_trace.trace.hdf5.chunk_codec import FLETCHER32, FLETCHER32_BYTES, checked_frame
from sparsey_trace.trace.hdf5.sound_headers import checked
from sparsey_trace.trace.hdf5.superblock import STORED_BY_OTHERS, UNDEFINED_ADDRESS

_MOST_KNOWN_BYTES = 1 << 14

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    import h5py
    from numpy.typing import NDArray


def open_chunked(
    file: h5py.File, path: str, filters: tuple[int, ...], chunk: tuple[int, ...] | None = None
) -> h5py.Dataset:
    """A dataset in chunks, of which nothing was read.

    Args:
        file: the open file.
        path: its path in the file.
        filters: those that its chunks go through, in the order in which they are written.
        chunk: a chunk's shape; None where it is the whole dataset's.

    Raises:
        KeyError, ValueError: there is none, or it is stored in another way.
    """
    dataset = guarded.open_dataset(file, path)
    check_chunks(dataset, filters, chunk or dataset.shape)
    return dataset


def check_chunks(dataset: h5py.Dataset, filters: tuple[int, ...], chunk: tuple[int, ...]) -> None:
    """See that a dataset is in chunks of this shape, which go through these filters.

    Raises:
        ValueError: it is stored in another way.
    """
    guarded.check_filters(dataset, *filters)
    if dataset.chunks != chunk:
        msg = f"dataset {dataset.name}: expected chunks of {chunk}, found {dataset.chunks}{STORED_BY_OTHERS}"
        raise ValueError(msg)


def read_single(
    file: h5py.File, path: str, asked: Hashable, check: Callable[[h5py.Dataset], None]
) -> NDArray[Any]:
    """All of a dataset that is one chunk, checked with Fletcher32.

    Args:
        file: the open file.
        path: its path in the file.
        asked: stands for the check; see `sound_headers.checked`.
        check: raises what the dataset is of another kind than it must be.

    Raises:
        KeyError, ValueError: there is none, or it is stored in another way, or its checksum is wrong.
    """

    def kind(dataset: h5py.Dataset) -> tuple[tuple[int, ...], np.dtype[Any]]:
        check(dataset)
        check_chunks(dataset, (FLETCHER32,), dataset.shape)
        return dataset.shape, dataset.dtype

    (shape, dtype), _, header = checked(file, path, ("single", asked), kind)
    if header.chunk is None:
        return read_chunked(file, guarded.open_dataset(file, path))
    address, size, mask = header.chunk
    corner = [0] * len(shape)
    if address == UNDEFINED_ADDRESS:
        msg = f"the chunk at {corner} is missing"
        raise ValueError(msg)
    expected = math.prod(shape) * dtype.itemsize
    is_there = size == expected + FLETCHER32_BYTES and address + size <= guarded.file_size(file)
    if mask or not is_there:
        raise _not_whole(corner, expected)
    stored = guarded.read_bytes(file, address, size)
    values = (_known_frame if size <= _MOST_KNOWN_BYTES else checked_frame)(stored)
    if values is None:
        msg = f"{path}: the chunk at {corner} has another checksum than it should"
        raise ValueError(msg)
    return np.frombuffer(values, dtype).reshape(shape)


_known_frame = lru_cache(maxsize=256)(checked_frame)
"""Of small ones: those of a run's files are mostly the same."""


def _not_whole(corner: Sequence[int], size: int) -> ValueError:
    msg = f"the chunk at {list(corner)} isn't {size:,} bytes that were stored whole"
    return ValueError(msg)


def read_chunked(file: h5py.File, dataset: h5py.Dataset, *, has_holes: bool = False) -> NDArray[Any]:
    """All of a dataset that isn't compressed, as far as the file can hold it.

    Args:
        file: the open file.
        dataset: one from `open_chunked`, with no filter or with Fletcher32.
        has_holes: whether chunks may be missing, as in a dataset that grew before it was filled.

    Raises:
        ValueError: one is missing, or says of itself what can't be.
        OSError: its checksum is wrong.
    """
    dataset.refresh()
    length = _length(file, dataset)
    for corner in itertools.product(*_corners(dataset, length)):
        _check_chunk(file, dataset, corner, has_holes=has_holes)
    return np.asarray(dataset[:length])


def _length(file: h5py.File, dataset: h5py.Dataset) -> int:
    """Along the first axis, but no more than fits in the file, whatever it claims."""
    width = math.prod(dataset.shape[1:]) * dataset.id.get_type().get_size()
    return int(min(len(dataset), guarded.file_size(file) // max(1, width)))


def _corners(dataset: h5py.Dataset, length: int) -> list[range]:
    """Along each axis, the indices at which chunks begin."""
    sides = zip((length, *dataset.shape[1:]), dataset.chunks, strict=True)
    return [range(0, side, length) for side, length in sides]


def _check_chunk(file: h5py.File, dataset: h5py.Dataset, corner: tuple[int, ...], *, has_holes: bool) -> None:
    found = dataset.id.get_chunk_info_by_coord(corner)
    if found.byte_offset is None:
        if has_holes:
            return
        msg = f"the chunk at {list(corner)} is missing"
        raise ValueError(msg)
    # HDF5 takes the checksum off the end without asking whether there is one.
    size = found.size - FLETCHER32_BYTES * dataset.fletcher32
    expected = math.prod(dataset.chunks) * dataset.id.get_type().get_size()
    is_there = found.byte_offset + found.size <= guarded.file_size(file)
    if size != expected or found.filter_mask or not is_there:
        raise _not_whole(corner, expected)
