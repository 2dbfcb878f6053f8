"""Columns that tables of every kind have, and tables of them.

Metrics make their tables by way of this: who only asks which metrics there are is spared pyarrow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.layout import PHASES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray


def column(values: NDArray[Any], *, null: NDArray[np.bool_] | None = None) -> pa.Array:
    """Numbers [n] as a column.

    Args:
        values: of a dtype that Arrow has too; shared, not copied.
        null: [n], where there is none; nowhere by default.

    >>> column(np.array([1, 2], np.int16), null=np.array([False, True])).to_pylist()
    [1, None]
    """
    import pyarrow as pa

    values = np.ascontiguousarray(values)
    valid = None if null is None else pa.py_buffer(np.packbits(~null, bitorder="little"))
    # `pa.array` would import pandas first, to ask whether the values are its own.
    return pa.Array.from_buffers(
        pa.from_numpy_dtype(values.dtype), len(values), [valid, pa.py_buffer(values)]
    )


def list_column(ends: pa.Array, values: pa.Array) -> pa.ListArray:
    """Lists of values as a column: list n goes from end n to end n + 1."""
    import pyarrow as pa

    return pa.ListArray.from_arrays(ends, values)


def as_table(columns: Mapping[str, pa.Array]) -> pa.Table:
    """Columns as a table."""
    import pyarrow as pa

    return pa.table(columns)


def joined(tables: Sequence[pa.Table]) -> pa.Table:
    """Tables with the same columns as one; at least one."""
    import pyarrow as pa

    return pa.concat_tables(tables)


def numbers_of(values: pa.Array) -> NDArray[Any]:
    """A column of numbers without nulls, [n], as an array; shared, not copied.

    >>> import pyarrow as pa
    >>> numbers_of(pa.array([5, 6, 7], pa.int16())[1:]).tolist()
    [6, 7]
    """
    # `to_numpy` would import pandas first.
    dtype = np.dtype(values.type.to_pandas_dtype())
    data = values.buffers()[1]
    if data is None or not len(values):
        return np.zeros(0, dtype)
    return np.frombuffer(data, dtype, len(values), values.offset * dtype.itemsize)


def valid_of(values: pa.Array) -> NDArray[np.bool_]:
    """Where a column isn't null, [n].

    >>> import pyarrow as pa
    >>> valid_of(pa.array([5, None, 7])[1:]).tolist(), valid_of(pa.array([5])).tolist()
    ([False, True], [True])
    """
    # `is_valid` would import pyarrow's whole library of functions first.
    bits = values.buffers()[0]
    if bits is None:
        return np.ones(len(values), np.bool_)
    found = np.unpackbits(np.frombuffer(bits, np.uint8), bitorder="little")
    return np.asarray(found[values.offset : values.offset + len(values)], np.bool_)


def word_column(
    number: NDArray[Any], words: Sequence[str], *, null: NDArray[np.bool_] | None = None
) -> pa.DictionaryArray:
    """Words by their numbers [n], as a dictionary: whatever the numbers, all the words are in it.

    Args:
        number: signed whole numbers, each an index of `words`, but where there is none.
        words: no two the same.
        null: [n], where there is none; nowhere by default.

    >>> word_column(np.array([1, 0], np.int8), ["low", "high"]).to_pylist()
    ['high', 'low']
    """
    import pyarrow as pa

    texts = [word.encode() for word in words]
    ends = np.cumsum([0, *map(len, texts)], dtype=np.int32)
    known = pa.StringArray.from_buffers(len(texts), pa.py_buffer(ends), pa.py_buffer(b"".join(texts)))
    return pa.DictionaryArray.from_arrays(column(number, null=null), known)


def phase_column(phase: NDArray[Any]) -> pa.DictionaryArray:
    """The column `phase` from the numbers [n] that stand for phases in a trace.

    >>> phase_column(np.array([1, 0])).to_pylist()
    ['eval', 'train']
    """
    return word_column(phase.astype(np.int8), PHASES)
