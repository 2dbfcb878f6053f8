"""The datasets of a new trace, before there is a sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from sparsey_trace.trace.format import drops, schema
from sparsey_trace.trace.format.losses import make_losses

if TYPE_CHECKING:
    from sparsey_trace.trace.format.schema import Column


def make_datasets(file: h5py.File, columns: list[Column], samples: int, *, has_tail: bool = True) -> None:
    """Make all that grows or changes.

    Args:
        file: the new file.
        columns: the columns to make.
        samples: how many a chunk holds.
        has_tail: whether the tail takes its space, which a closed trace doesn't need.
    """
    for column in columns:
        _make_column(file, column, samples)
        tail = (samples, *column.width)
        _make_tail(file, f"{schema.TAIL}/{column.path}", tail, column.stored_dtype, has_space=has_tail)
    _make_tail(file, schema.CHECKSUMS, (samples,), np.dtype(np.uint32), has_space=has_tail)
    _make_drops(file)
    for name in (*schema.COUNTERS, schema.NEXT_STEP):
        file.create_dataset(name, dtype="i8", data=0)
    make_losses(file)


def _make_column(file: h5py.File, column: Column, samples: int) -> None:
    file.create_dataset(
        column.path,
        shape=(0, *column.width),
        maxshape=(None, *column.width),
        chunks=column.chunk_shape(samples),
        dtype=column.stored_dtype,
        **column.codec.options,
    )


def _make_tail(
    file: h5py.File, path: str, shape: tuple[int, ...], dtype: np.dtype[Any], *, has_space: bool
) -> None:
    # Space taken at once: a tail that came into being with the first small commit would make the
    # size of a trace depend on how often it was committed.
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY if has_space else h5py.h5d.ALLOC_TIME_LATE)
    file.create_dataset(path, shape=shape, dtype=dtype, dcpl=plist)


def _make_drops(file: h5py.File) -> None:
    file.create_dataset(
        schema.DROPS,
        shape=(0,),
        maxshape=(None,),
        chunks=(drops.PER_CHUNK,),
        dtype=drops.DROP,
        fillvalue=drops.NOTHING,
    )
