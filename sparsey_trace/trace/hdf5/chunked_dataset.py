"""Small datasets in chunks, each looked at before HDF5 reads it.

HDF5 allocates as much memory as a chunk says it takes, reads a chunk that isn't there as zeros, and doesn't check one
whose filter mask says that its checksum was left out.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.trace.hdf5 import guarded
from sparsey_trace.trace.hdf5.chunk_codec import FLETCHER32_BYTES

if TYPE_CHECKING:
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
    guarded.check_filters(dataset, *filters)
    chunk = chunk or dataset.shape
    if dataset.chunks != chunk:
        msg = f"dataset {dataset.name}: expected chunks of {chunk}, found {dataset.chunks}{guarded.STORED_BY_OTHERS}"
        raise ValueError(msg)
    return dataset


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
        msg = f"the chunk at {list(corner)} isn't {expected:,} bytes that were stored whole"
        raise ValueError(msg)
