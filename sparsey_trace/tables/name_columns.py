"""The columns that say of a row, wherever it has come to lie, which layer and which table it is of.

They stand last, so that those before them keep their positions, and are dictionaries, which take next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from sparsey_trace.metrics.columns import numbers_of, word_column

if TYPE_CHECKING:
    from collections.abc import Sequence

LAYER_NAME = "layer_name"

METRIC = "metric"


def with_names(table: pa.Table, *, metric: str, layers: Sequence[str]) -> pa.Table:
    """A table with the columns `layer_name`, where it has a column `layer`, and `metric`.

    Columns of these names that it has already are a metric's own, and stay.

    Args:
        table: a layer that isn't the number of one of `layers` has no name.
        metric: the table's name, which stands in every row.
        layers: the names of the layers, by number.

    >>> with_names(pa.table({"layer": [1, 0]}), metric="size", layers=["v1", "v2"]).to_pylist()
    [{'layer': 1, 'layer_name': 'v2', 'metric': 'size'}, {'layer': 0, 'layer_name': 'v1', 'metric': 'size'}]
    """
    own = table.column_names
    if "layer" in own and LAYER_NAME not in own and pa.types.is_integer(table.schema.field("layer").type):
        table = table.append_column(LAYER_NAME, _layer_names(table["layer"], layers))
    if METRIC in own:
        return table
    names = word_column(np.zeros(len(table), np.int8), [metric])
    return table.append_column(pa.field(METRIC, names.type, nullable=False), names)


def without_names(table: pa.Table) -> pa.Table:
    """A table without the columns that `with_names` has added."""
    return table.select([name for name in table.column_names if name not in (LAYER_NAME, METRIC)])


def _layer_names(number: pa.ChunkedArray, layers: Sequence[str]) -> pa.DictionaryArray:
    found = number.combine_chunks()
    layer = numbers_of(found.fill_null(-1) if found.null_count else found)
    unknown = (layer < 0) | (layer >= len(layers))
    return word_column(layer.astype(np.int16), layers, null=unknown if unknown.any() else None)
