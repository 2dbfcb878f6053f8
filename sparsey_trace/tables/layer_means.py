"""Means over the MACs of a layer, group by group of samples, from a table of any length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from sparsey_trace.tables.open_table import batches_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray


KEYS = ("sample", "step", "epoch", "phase")
"""The columns that tell groups of samples apart, as far as a table has them."""


def whole_groups(path: Path, columns: list[str]) -> Iterator[pa.Table]:
    """A table in pieces that end where a group of samples ends."""
    held: pa.Table | None = None
    for batch in batches_of(path, columns):
        part = pa.Table.from_batches([batch])
        part = part if held is None else pa.concat_tables([held, part]).unify_dictionaries()
        end = int(_starts(part, [name for name in columns if name in KEYS])[-1]) if len(part) else 0
        if end:
            yield part.slice(0, end)
        held = part.slice(end)
    if held is not None and len(held):
        yield held


def _starts(part: pa.Table, columns: list[str]) -> NDArray[np.int64]:
    """[g] int64, the rows that differ from those above in any of the columns; the first row is one of them."""
    changed = np.zeros(max(0, len(part) - 1), np.bool_)
    for name in columns:
        values = _numbers(part[name])
        changed |= values[1:] != values[:-1]
    return np.concatenate([[0], np.flatnonzero(changed) + 1])


def _numbers(column: pa.ChunkedArray) -> NDArray[Any]:
    column = column.combine_chunks()
    values = column.indices if pa.types.is_dictionary(column.type) else column
    return np.asarray(values.to_numpy(zero_copy_only=False))


@dataclass(frozen=True, eq=False)
class Means:
    """Means over the MACs of a layer, one for each layer and group of samples.

    Attributes:
        value: [m] the means; nan where no MAC has a value.
        layer: [m] the layers; None where a reduction removed them.
        row: [m] the first row of each in `part`.
        part: the rows that they are means of.
    """

    value: NDArray[np.float64]
    layer: NDArray[Any]
    row: NDArray[np.int64]
    part: pa.Table


def layer_means(part: pa.Table) -> Means:
    """The means of the groups of a part; columns beside `value` have to be the same all over a group.

    A mean is over the MACs that have a value; nan where none has.
    """
    names = [name for name in part.column_names if name != "value"]
    starts = _starts(part, names)
    values = _numbers(part["value"]).astype(np.float64)
    known = ~np.isnan(values)
    sums = np.add.reduceat(np.where(known, values, 0), starts)
    counts = np.add.reduceat(known.astype(np.int64), starts)
    means = np.divide(sums, counts, out=np.full(len(starts), np.nan), where=counts > 0)
    layers = part["layer"].to_numpy()[starts] if "layer" in names else np.full(len(starts), None)
    return Means(means, layers, starts, part)
