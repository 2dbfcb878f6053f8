"""The tail: committed samples that don't fill a chunk yet, each with a checksum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.trace.format import schema
from sparsey_trace.trace.format.sample_checksums import checksums
from sparsey_trace.trace.hdf5 import guarded
from sparsey_trace.trace.hdf5.contiguous_dataset import open_contiguous

if TYPE_CHECKING:
    from collections.abc import Mapping

    import h5py
    from numpy.typing import NDArray

    from sparsey_trace.trace.hdf5.byte_source import ByteSource


class Tail:
    """The datasets below `tail/`.

    Their space is taken when the file is made. A chunk holds as many samples, so it takes no more memory than the
    file has bytes.

    Args:
        file: the open file, which is needed no longer afterwards.
        source: its bytes.
        columns: path to column.

    Raises:
        KeyError, ValueError: a dataset is missing, or isn't stored as it must be.
    """

    def __init__(self, file: h5py.File, source: ByteSource, columns: Mapping[str, schema.Column]) -> None:
        """Find and check them."""
        self._source = source
        self._values = {
            column.path: open_contiguous(
                file, f"{schema.TAIL}/{column.path}", column.stored_dtype, column.width
            )
            for column in columns.values()
        }
        self._checksums = open_contiguous(file, schema.CHECKSUMS, np.dtype(np.uint32), ())
        every = [*self._values.values(), self._checksums]
        lengths = {dataset.shape[0] for dataset in every}
        self._length = lengths.pop()
        if lengths or not self._length:
            msg = f"{schema.TAIL}: expected datasets of one length of at least 1, found others"
            raise ValueError(msg)
        size = guarded.file_size(file)
        if sum(dataset.nbytes for dataset in every) > size:
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
        values = {path: dataset.read(self._source, count) for path, dataset in self._values.items()}
        return values, checksums(first, values.values()) == self._checksums.read(self._source, count)
