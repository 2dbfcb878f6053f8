"""Chunks as HDF5 would store them, made without HDF5.

HDF5 has one lock for all files of a process and holds it while it compresses. What is compressed here is only
handed to it to be written, and any HDF5 program reads it through the filters that the dataset names.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from sparsey_trace.trace.hdf5.fletcher32 import fletcher32

if TYPE_CHECKING:
    from collections.abc import Iterator

    import h5py
    from numpy.typing import NDArray

ZSTD_LEVEL = 3
_zstd = pa.Codec("zstd", compression_level=ZSTD_LEVEL)


class Pressed(NamedTuple):
    """One chunk.

    Attributes:
        corner: where its first value stands, behind the axis of samples.
        stored: what the file holds: a Zstd frame and its Fletcher32.
    """

    corner: tuple[int, ...]
    stored: bytes


def press(values: NDArray[Any], shape: tuple[int, ...]) -> Iterator[Pressed]:
    """Compress the chunks of as many samples as a chunk holds, or fewer.

    Args:
        values: [n, ...], as stored.
        shape: a chunk's.

    >>> [(chunk.corner, len(chunk.stored)) for chunk in press(np.zeros((50, 20, 3), np.uint8), (64, 16, 3))]
    [((0, 0), 23), ((16, 0), 23)]
    """
    sides = zip(values.shape[1:], shape[1:], strict=True)
    for corner in itertools.product(*(range(0, side, part) for side, part in sides)):
        ends = zip(corner, shape[1:], strict=True)
        yield Pressed(corner, _stored(values[:, *(slice(at, at + part) for at, part in ends)], shape))


def write(dataset: h5py.Dataset, first: int, chunk: Pressed) -> None:
    """Write a chunk whose first sample has this number; the dataset has room for it."""
    dataset.id.write_direct_chunk((first, *chunk.corner), chunk.stored)


def _stored(values: NDArray[Any], shape: tuple[int, ...]) -> bytes:
    if values.shape != shape:
        # HDF5 stores every chunk whole.
        whole = np.zeros(shape, values.dtype)
        whole[tuple(map(slice, values.shape))] = values
        values = whole
    frame: bytes = _zstd.compress(np.ascontiguousarray(values), asbytes=True)
    return frame + fletcher32(frame).to_bytes(4, "little")
