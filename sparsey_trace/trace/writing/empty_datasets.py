"""The datasets of a new trace, before there is a sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from sparsey_trace.trace.format import counts, drops, losses, schema

if TYPE_CHECKING:
    from sparsey_trace.trace.format.schema import Column


def make_datasets(file: h5py.File, columns: list[Column], samples: int) -> list[h5py.Dataset]:
    """Make all that grows or changes.

    Args:
        file: the new file.
        columns: the columns to make.
        samples: how many a chunk holds.

    Returns:
        The tail, which takes no space yet: a closed trace doesn't need it.
    """
    tail = []
    for column in columns:
        _make_column(file, column, samples)
        shape = (samples, *column.width)
        tail.append(_make_tail(file, f"{schema.TAIL}/{column.path}", shape, column.stored_dtype))
    tail.append(_make_tail(file, schema.CHECKSUMS, (samples,), np.dtype(np.uint32)))
    _make_drops(file)
    for name in (*schema.COUNTERS, schema.NEXT_STEP):
        file.create_dataset(name, dtype="i8", data=0)
    losses.TOLD.make(file)
    counts.TOLD.make(file)
    return tail


def take_space(tail: list[h5py.Dataset]) -> None:
    """Take the tail's space, once all else is there, so that HDF5's structures stand together.

    All at once: a tail that came into being with the first small commit would make the size of a trace depend on how
    often it was committed.
    """
    one = h5py.h5s.create(h5py.h5s.SCALAR)
    # Past h5py's own indexing, which takes three times as long.
    for dataset in tail:
        first = dataset.id.get_space()
        first.select_hyperslab((0,) * len(dataset.shape), (1,) * len(dataset.shape))
        dataset.id.write(one, first, np.zeros((), dataset.dtype))


def _make_column(file: h5py.File, column: Column, samples: int) -> None:
    file.create_dataset(
        column.path,
        shape=(0, *column.width),
        maxshape=(None, *column.width),
        chunks=column.chunk_shape(samples),
        dtype=column.stored_dtype,
        **column.codec.options,
    )


def _make_tail(file: h5py.File, path: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> h5py.Dataset:
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_alloc_time(h5py.h5d.ALLOC_TIME_LATE)
    return file.create_dataset(path, shape=shape, dtype=dtype, dcpl=plist)


def _make_drops(file: h5py.File) -> None:
    file.create_dataset(
        schema.DROPS,
        shape=(0,),
        maxshape=(None,),
        chunks=(drops.PER_CHUNK,),
        dtype=drops.DROP,
        fillvalue=drops.NOTHING,
    )
