"""The tail: committed samples that don't fill a chunk yet, each with a checksum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.trace.format import schema
from sparsey_trace.trace.format.sample_checksums import checksums
from sparsey_trace.trace.hdf5 import guarded

if TYPE_CHECKING:
    from collections.abc import Mapping

    import h5py
    from numpy.typing import NDArray


class Tail:
    """The datasets below `tail/`.

    Their space is taken when the file is made. A chunk holds as many samples, so it takes no more memory than the
    file has bytes.

    Args:
        file: the open file.
        columns: path to column.

    Raises:
        KeyError, ValueError: a dataset is missing, or isn't stored as it must be.
    """

    def __init__(self, file: h5py.File, columns: Mapping[str, schema.Column]) -> None:
        """Open and check them."""
        self._values = {path: guarded.open_dataset(file, f"{schema.TAIL}/{path}") for path in columns}
        self._checksums = guarded.open_dataset(file, schema.CHECKSUMS)
        every = [*self._values.values(), self._checksums]
        for column in columns.values():
            guarded.check_dtype(self._values[column.path], column.stored_dtype, column.width)
        guarded.check_dtype(self._checksums, np.dtype(np.uint32), ())
        lengths = {len(dataset) for dataset in every}
        self._length = lengths.pop()
        if lengths or not self._length:
            msg = f"{schema.TAIL}: expected datasets of one length of at least 1, found others"
            raise ValueError(msg)
        size = guarded.file_size(file)
        if sum(guarded.check_contiguous(dataset, size) for dataset in every) > size:
            msg = f"{schema.TAIL}: expected datasets that fit in {size:,} bytes, found larger ones"
            raise ValueError(msg)

    def __len__(self) -> int:
        """How many samples it has room for: as many as a chunk."""
        return self._length

    def read(self, first: int, count: int) -> tuple[dict[str, NDArray[Any]], NDArray[np.bool_]]:
        """Its first samples.

        Args:
            first: the number that the sample in front should have.
            count: how many to read.

        Returns:
            Path to [count, ...] as stored; and [count], whether each is what was committed under its number.
        """
        values = {path: _read(dataset, count) for path, dataset in self._values.items()}
        return values, checksums(first, values.values()) == _read(self._checksums, count)


def _read(dataset: h5py.Dataset, count: int) -> NDArray[Any]:
    dataset.refresh()
    return np.asarray(dataset[:count])
