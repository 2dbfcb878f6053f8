"""Opening the datasets of a trace, each checked for being stored as the format says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.trace.format import schema
from sparsey_trace.trace.format.drops import DROP, NO_STEP, PER_CHUNK
from sparsey_trace.trace.hdf5 import guarded
from sparsey_trace.trace.hdf5.chunk_extents import ChunkExtents
from sparsey_trace.trace.hdf5.chunked_dataset import check_chunks, read_chunked
from sparsey_trace.trace.hdf5.contiguous_dataset import ContiguousDataset, open_contiguous
from sparsey_trace.trace.hdf5.sound_headers import checked, is_growing
from sparsey_trace.trace.reading.column import ChunkedColumn, find_growing

if TYPE_CHECKING:
    from collections.abc import Mapping

    import h5py
    from numpy.typing import NDArray

    from sparsey_trace.trace.hdf5.byte_source import ByteSource


MOST_ABSENT_BYTES = 1 << 26
"""How large a tail may say that it is that isn't in the file; that of a closed trace need not be."""


def tail_length(file: h5py.File, columns: Mapping[str, schema.Column]) -> int:
    """How many samples the tail has room for, which is how many a chunk holds.

    Raises:
        KeyError, ValueError: nothing there says it, or they would take more memory than a chunk can need.
    """
    path, step = f"{schema.TAIL}/samples/step", columns["samples/step"]

    def length(dataset: h5py.Dataset) -> int:
        guarded.check_dtype(dataset, step.stored_dtype, step.width)
        return int(dataset.shape[0])

    found, _, _ = checked(file, path, "length", length)
    if not found:
        msg = f"{schema.TAIL}: expected datasets of one length of at least 1, found others"
        raise ValueError(msg)
    size, most = guarded.file_size(file), found * sum(column.sample_bytes for column in columns.values())
    if most > max(size, MOST_ABSENT_BYTES):
        msg = f"{schema.TAIL}: expected datasets that fit in {size:,} bytes, found larger ones"
        raise ValueError(msg)
    return found


def open_counter(file: h5py.File, name: str) -> ContiguousDataset:
    """A number of the file that its writer changes.

    Raises:
        KeyError, ValueError: there is none, or it is stored in another way.
    """
    return open_contiguous(file, name, np.dtype(np.int64), None)


def open_columns(
    file: h5py.File,
    source: ByteSource,
    columns: Mapping[str, schema.Column],
    samples: int,
    *,
    cache_bytes: int = 0,
    in_chunks: int = 0,
    is_settled: bool = False,
) -> dict[str, ChunkedColumn]:
    """The growing datasets.

    Args:
        file: the open file, which is needed no longer afterwards.
        source: its bytes.
        columns: path to column.
        samples: how many a chunk holds.
        cache_bytes: how much may be kept decompressed, of all together.
        in_chunks: how many samples are known to be there.
        is_settled: whether the file doesn't change any more, as `ChunkExtents` has it.

    Raises:
        KeyError, ValueError: one is missing, or is stored in another way.
    """
    total = sum(column.sample_bytes for column in columns.values())
    extents = ChunkExtents(is_settled=is_settled)
    return {
        path: ChunkedColumn(
            source,
            find_growing(file, column, samples=samples, at_least=in_chunks),
            column,
            samples=samples,
            extents=extents,
            kept_bytes=cache_bytes * column.sample_bytes // total,
        )
        for path, column in columns.items()
    }


def read_drops(file: h5py.File) -> NDArray[Any]:
    """[n] `DROP`, the missing steps that the list names, in order: a step may be found wrong behind a later one.

    Raises:
        KeyError, ValueError: there is no list, or it is stored in another way, or can't be read.
    """
    length, _, _ = checked(file, schema.DROPS, "drops", _check_drops)
    if not length and not is_growing(file):
        return np.empty(0, DROP)
    found = read_chunked(file, guarded.open_dataset(file, schema.DROPS), has_holes=True)
    found = found[found["step"] != NO_STEP]
    return np.asarray(found[np.argsort(found["step"], kind="stable")])


def _check_drops(dataset: h5py.Dataset) -> int:
    guarded.check_dtype(dataset, DROP, ())
    check_chunks(dataset, (), (PER_CHUNK,))
    return len(dataset)
