"""Datasets in one piece: numbers that stand in the file as they are, at a place that never changes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sparsey_trace.trace.hdf5 import guarded
from sparsey_trace.trace.hdf5.sound_headers import checked

if TYPE_CHECKING:
    import h5py
    from numpy.typing import NDArray

    from sparsey_trace.trace.hdf5.byte_source import ByteSource


class ContiguousDataset(NamedTuple):
    """Where the values of a dataset in one piece stand.

    Attributes:
        address: of the first.
        shape: of all.
        dtype: of one, as it stands in the file.
    """

    address: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def nbytes(self) -> int:
        """How many bytes it takes."""
        return math.prod(self.shape) * self.dtype.itemsize

    def read(self, source: ByteSource, count: int | None = None) -> NDArray[Any]:
        """[count, ...], its first values as they are now; by default all.

        Raises:
            OSError, ValueError: they can't be read.
        """
        shape = self.shape if count is None else (count, *self.shape[1:])
        size = math.prod(shape) * self.dtype.itemsize
        found = np.frombuffer(source.read(self.address, size), self.dtype, count=math.prod(shape))
        return found.reshape(shape).copy()


def open_contiguous(
    file: h5py.File, path: str, dtype: np.dtype[Any], width: tuple[int, ...] | None
) -> ContiguousDataset:
    """A dataset in one piece.

    Args:
        file: the open file, whose links were checked.
        path: the dataset's.
        dtype: that its values are stored as, little-endian.
        width: the shape behind its first axis; None where it is a single number.

    Raises:
        ValueError: there is none, it is stored in another way, or reaches beyond the file's end.
    """

    def place(dataset: h5py.Dataset) -> tuple[int, tuple[int, ...]]:
        if width is None:
            _check_number(dataset, path, dtype)
        else:
            guarded.check_dtype(dataset, dtype, width)
        if not math.prod(dataset.shape or ()):
            return 0, dataset.shape
        guarded.check_contiguous(dataset, 1 << 63)
        return dataset.id.get_offset(), dataset.shape

    (address, shape), _, _ = checked(file, path, ("contiguous", dtype, width), place)
    found = ContiguousDataset(address, shape, np.dtype(dtype.newbyteorder("<")))
    if address + found.nbytes > guarded.file_size(file):
        raise guarded.not_there(path, found.nbytes)
    return found


def _check_number(dataset: h5py.Dataset, path: str, dtype: np.dtype[Any]) -> None:
    if dataset.shape != () or not guarded.is_stored_as(dataset, dtype):
        msg = f"{path}: expected a whole number, found another kind"
        raise ValueError(msg)
