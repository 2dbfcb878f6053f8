"""Checksums of samples that wait in the tail, where HDF5 keeps none."""

from __future__ import annotations

import math
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray


def checksums(first: int, values: Iterable[NDArray[Any]]) -> NDArray[np.uint32]:
    """A CRC-32 of each sample: of its number, as int64, and then of its values, column by column.

    The number tells a sample from the one that the tail held there before.

    Args:
        first: the first sample's number.
        values: every column's values as stored, [n, ...] each, in the order of `schema.columns`.

    Returns:
        [n] checksums.

    >>> checksums(0, [np.zeros((2, 3), np.uint8)]).tolist()
    [1804055020, 2852744748]
    """
    arrays = [np.ascontiguousarray(column) for column in values]
    numbers = np.arange(first, first + len(arrays[0]), dtype=np.int64)
    flat = [column.reshape(len(column), math.prod(column.shape[1:])) for column in (numbers, *arrays)]
    raw = [column.view(np.uint8) for column in flat]
    return np.array([zlib.crc32(sample) for sample in np.concatenate(raw, axis=1)], np.uint32)
