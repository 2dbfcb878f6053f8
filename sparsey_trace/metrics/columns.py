"""Columns that tables of every kind have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from sparsey_trace.layout import PHASES

if TYPE_CHECKING:
    from numpy.typing import NDArray


def column(values: NDArray[Any], *, null: NDArray[np.bool_] | None = None) -> pa.Array:
    """Numbers [n] as a column.

    Args:
        values: of a dtype that Arrow has too; shared, not copied.
        null: [n], where there is none; nowhere by default.

    >>> column(np.array([1, 2], np.int16), null=np.array([False, True])).to_pylist()
    [1, None]
    """
    values = np.ascontiguousarray(values)
    valid = None if null is None else pa.py_buffer(np.packbits(~null, bitorder="little"))
    # `pa.array` would import pandas first, to ask whether the values are its own.
    return pa.Array.from_buffers(
        pa.from_numpy_dtype(values.dtype), len(values), [valid, pa.py_buffer(values)]
    )


def phase_column(phase: NDArray[Any]) -> pa.DictionaryArray:
    """The column `phase` from the numbers [n] that stand for phases in a trace.

    >>> phase_column(np.array([1, 0])).to_pylist()
    ['eval', 'train']
    """
    ends = np.cumsum([0, *map(len, PHASES)], dtype=np.int32)
    names = pa.StringArray.from_buffers(
        len(PHASES), pa.py_buffer(ends), pa.py_buffer("".join(PHASES).encode())
    )
    return pa.DictionaryArray.from_arrays(column(phase.astype(np.int8)), names)
