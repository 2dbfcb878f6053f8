"""Arrays that needn't fit into memory."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

IN_MEMORY = 64 << 20
"""Bytes up to which an array is held in memory; a larger one lies in a file, which the system may write out."""


def empty(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """An array to be written, of any size; what is never written of it takes no room.

    A file behind it has no name, and is gone with the array. It lies where temporary files do.
    """
    if np.prod(shape, dtype=np.float64) * np.dtype(dtype).itemsize <= IN_MEMORY:
        return np.empty(shape, dtype)
    with tempfile.TemporaryFile(prefix="sparsey-trace-") as file:
        return np.asarray(np.memmap(file, dtype, "w+", shape=shape))
