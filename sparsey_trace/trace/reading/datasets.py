"""Opening the datasets of a trace, each checked for being stored as the format says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.trace.format import schema
from sparsey_trace.trace.format.drops import DROP, NO_STEP, PER_CHUNK
from sparsey_trace.trace.hdf5 import guarded
from sparsey_trace.trace.hdf5.chunk_extents import ChunkExtents
from sparsey_trace.trace.hdf5.chunked_dataset import open_chunked, read_chunked
from sparsey_trace.trace.reading.column import ChunkedColumn

if TYPE_CHECKING:
    from collections.abc import Mapping

    import h5py
    from numpy.typing import NDArray


def open_counter(file: h5py.File, name: str) -> h5py.Dataset:
    """A number of the file that its writer changes.

    Raises:
        KeyError, ValueError: there is none, or it is stored in another way.
    """
    found = guarded.open_dataset(file, name)
    if found.shape != () or not guarded.is_stored_as(found, np.dtype(np.int64)):
        msg = f"{name}: expected a whole number, found another kind"
        raise ValueError(msg)
    guarded.check_contiguous(found, guarded.file_size(file))
    return found


def open_columns(
    file: h5py.File,
    columns: Mapping[str, schema.Column],
    samples: int,
    cache_bytes: int = 0,
    *,
    is_settled: bool = False,
) -> dict[str, ChunkedColumn]:
    """The growing datasets.

    Args:
        file: the open file.
        columns: path to column.
        samples: how many a chunk holds.
        cache_bytes: how much may be kept decompressed, of all together.
        is_settled: whether the file doesn't change any more, as `ChunkExtents` has it.

    Raises:
        KeyError, ValueError: one is missing, or is stored in another way.
    """
    total = sum(column.sample_bytes for column in columns.values())
    extents = ChunkExtents(is_settled=is_settled)
    return {
        path: ChunkedColumn(
            file,
            column,
            samples=samples,
            extents=extents,
            kept_bytes=cache_bytes * column.sample_bytes // total,
        )
        for path, column in columns.items()
    }


def open_drops(file: h5py.File) -> h5py.Dataset:
    """The list of dropped steps.

    Raises:
        KeyError, ValueError: there is none, or it is stored in another way.
    """
    guarded.check_dtype(guarded.open_dataset(file, schema.DROPS), DROP, ())
    return open_chunked(file, schema.DROPS, (), (PER_CHUNK,))


def read_drops(file: h5py.File, drops: h5py.Dataset) -> NDArray[Any]:
    """[n] `DROP`, the missing steps that the list names, in order: a step may be found wrong behind a later one."""
    found = read_chunked(file, drops, has_holes=True)
    found = found[found["step"] != NO_STEP]
    return np.asarray(found[np.argsort(found["step"], kind="stable")])
