"""A closed trace's file made anew for stores: structures in front, then one column after the other.

Chunks are taken over as they are, so that every value is what it was, byte for byte; each one's checksum is compared.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import h5py

from sparsey_trace.trace.format import counts, schema
from sparsey_trace.trace.format.config import config_text
from sparsey_trace.trace.format.explain import explain
from sparsey_trace.trace.format.head import write_head, write_kinds
from sparsey_trace.trace.format.losses import write_losses
from sparsey_trace.trace.format.trace_origin import TraceOrigin
from sparsey_trace.trace.writing.empty_datasets import make_datasets, take_space
from sparsey_trace.trace.writing.file_handle import FileHandle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from sparsey_trace.trace.format.head import Head

    Chunks = Iterator[tuple[tuple[int, ...], bytes]]

MOST_TAIL_BYTES = 1 << 26
"""A tail that would be larger gets its space: readers don't believe in larger ones that have none."""

_DATASET_BYTES, _GROUP_BYTES, _INDEX_BYTES, _ELEMENT_BYTES = 1200, 3000, 3000, 24
"""What HDF5's structures take at most, for each dataset, group, list of chunks, and chunk in it."""


def write_packed(
    path: Path,
    head: Head,
    *,
    samples: int,
    chunk_size: int,
    chunks: Callable[[str], Chunks],
    drops: NDArray[Any],
    next_step: int,
) -> None:
    """Write a closed trace.

    Args:
        path: the file to make; nothing is there.
        head: what it says before its first sample.
        samples: how many it has.
        chunk_size: how many a chunk holds.
        chunks: of the column of a path, each chunk: the indices of its first value, and its bytes in a file.
        drops: [n] `DROP`, the steps that are missing.
        next_step: the number of the next pass; 0 where nothing tells.

    Raises:
        OSError, RuntimeError: it can't be written; what is there of it is no trace.
    """
    columns = schema.columns(head.layout, head.input_kind, head.values, head.code_bits)
    size = _structures(columns, len(head.layout.layers), samples, chunk_size)
    options: Mapping[str, Any] = {"libver": ("v110", "v110"), "locking": False, "meta_block_size": size}
    handle = FileHandle(h5py.File(path, "x", **options))
    try:
        _fill_head(handle.file, head, columns, chunk_size)
        _fill_progress(handle.file, samples, drops, next_step)
        for column in columns:
            dataset = handle.file[column.path]
            dataset.resize(samples, axis=0)
            for corner, content in chunks(column.path):
                dataset.id.write_direct_chunk(corner, content)
        handle.file.flush()
    except BaseException:
        handle.abandon()
        raise
    handle.close()


def _structures(columns: Sequence[schema.Column], layers: int, samples: int, chunk_size: int) -> int:
    """How many bytes HDF5's own structures take at most: it keeps together what fits in a block of that size."""
    rows = -(-samples // chunk_size)
    sides = [zip(c.width, c.chunk_shape(chunk_size)[1:], strict=True) for c in columns]
    chunks = rows * sum(math.prod(-(-width // length) for width, length in of_column) for of_column in sides)
    datasets, groups = 2 * len(columns) + 4 * layers + 10, 4 * layers + 6
    return (
        datasets * _DATASET_BYTES
        + groups * _GROUP_BYTES
        + len(columns) * _INDEX_BYTES
        + 2 * chunks * _ELEMENT_BYTES
    )


def _fill_head(file: h5py.File, head: Head, columns: Sequence[schema.Column], chunk_size: int) -> None:
    origin = TraceOrigin(
        id=head.id, created=head.created, host=head.host, versions=head.versions, changes=head.changes
    )
    write_head(
        file,
        head.layout,
        config=config_text(head.config),
        sampling=head.sampling,
        part=head.part,
        origin=origin,
        code_bits=head.code_bits,
    )
    write_kinds(file, head.input_kind, head.values)
    is_large = chunk_size * sum(column.sample_bytes for column in columns) > MOST_TAIL_BYTES
    tail = make_datasets(file, list(columns), chunk_size)
    explain(file, head.layout)
    if is_large:
        take_space(tail)
    if head.losses:
        write_losses(file, head.losses)
    counts.TOLD.write(file, head.counts)


def _fill_progress(file: h5py.File, samples: int, drops: NDArray[Any], next_step: int) -> None:
    if len(drops):
        file[schema.DROPS].resize(len(drops), axis=0)
        file[schema.DROPS][:] = drops
    counts = {schema.COMMITTED: samples, schema.IN_CHUNKS: samples, schema.CLOSED: 1}
    for name, count in (counts | {schema.NEXT_STEP: next_step}).items():
        file[name][()] = count
