"""Where a table is cut into groups of rows: by rows, and by the values of lists, which may be long."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sparsey_trace.metrics.columns import numbers_of
from sparsey_trace.tables.open_table import read_columns, schema_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

ROWS = 1 << 17
"""Of a group at most."""

VALUES = 1 << 24
"""Of the lists in a group at most, unless a single row has more: bounds what is in memory at once."""

_READ_AT_ONCE = 1 << 22
"""Values of lists in a batch."""


def list_values(table: pa.Table) -> NDArray[np.int64]:
    """[n] int64, how many values the lists in each row have together.

    >>> list_values(pa.table({"mac": [0, 1], "average": [[0.5, 1.0], []]})).tolist()
    [2, 0]
    """
    found = np.zeros(len(table), np.int64)
    for name in list_columns(table.schema):
        found += np.concatenate([np.zeros(0, np.int64), *map(_lengths, table[name].chunks)])
    return found


def _lengths(lists: pa.Array) -> NDArray[np.int64]:
    """[n] int64, of a column of lists; Arrow's own function for it would import pandas."""
    if pa.types.is_fixed_size_list(lists.type):
        return np.full(len(lists), lists.type.list_size, np.int64)
    return np.diff(numbers_of(lists.offsets)).astype(np.int64)


def list_columns(schema: pa.Schema) -> list[str]:
    """The names of the columns that hold lists."""
    return [field.name for field in schema if _is_list(field.type)]


def _is_list(kind: pa.DataType) -> bool:
    is_any = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    return any(found(kind) for found in is_any)


def group_ends(table: pa.Table, *, rows: int = ROWS, values: int = VALUES) -> list[int]:
    """Where groups of its rows end, but for the last, which further rows may still join.

    The same for equal rows, in whatever parts they come.

    >>> group_ends(pa.table({"mac": range(7)}), rows=3)
    [3, 6]
    >>> group_ends(pa.table({"average": [[1, 2], [3], [4, 5, 6, 7], [8]]}), values=3)
    [2, 3]
    """
    ends: list[int] = []
    sums = np.cumsum(list_values(table)) if list_columns(table.schema) else None
    start = 0
    while True:
        end = start + rows
        if sums is not None:
            before = sums[start - 1] if start else 0
            end = min(end, max(start + 1, int(np.searchsorted(sums, before + values, side="right"))))
            if end == len(table) < start + rows:
                return ends
        if end > len(table):
            return ends
        ends.append(end)
        start = end


def read_table(path: Path) -> pa.Table:
    """A whole table; one with lists group by group, as one piece of a column can't hold 2^31 values.

    Raises:
        OSError: it can't be read.
    """
    if not list_columns(schema_of(path)):
        return read_columns(path)
    with pq.ParquetFile(path) as file:
        parts = [file.read_row_group(number) for number in range(file.num_row_groups)]
        return pa.concat_tables(parts) if parts else file.schema_arrow.empty_table()


def batches(path: Path, columns: list[str], *, values: int) -> Iterator[pa.RecordBatch]:
    """A table a few rows at a time, as many as keep what is in memory small.

    Args:
        path: of the table.
        columns: those to read.
        values: about how many a row's lists have.
    """
    with pq.ParquetFile(path) as file:
        yield from file.iter_batches(max(1, _READ_AT_ONCE // max(1, values)), columns=columns)
