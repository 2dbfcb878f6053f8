"""A summary of a table: the last and the best value of each layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sparsey_trace.tables.provenance import provenance_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from sparsey_trace.metrics.base import Best

KEYS = ("sample", "step", "epoch", "phase")
"""The columns that tell groups of samples apart, as far as a table has them."""


@dataclass(frozen=True, kw_only=True)
class SummaryRow:
    """One row of a summary.

    Attributes:
        table: the table's name.
        layer: the layer's index; None where a reduction removed it.
        last: the mean over the layer's MACs in the last group of samples that has a value; of a table without
            values, the number of MACs that were ever active in training. None where there is neither.
        best: the best such mean, by the metric's own comparison; None where there is none.
        at: where the best value was reached first, such as "step 12".
    """

    table: str
    layer: int | None
    last: float | None
    best: float | None
    at: str

    def texts(self) -> list[str]:
        """The parts as short texts."""
        layer = "" if self.layer is None else str(self.layer)
        numbers = ["" if number is None else f"{number:.4g}" for number in (self.last, self.best)]
        return [self.table, layer, *numbers, self.at]


def summarize(path: Path) -> list[SummaryRow]:
    """The rows of one table's summary, a layer each; memory stays bounded, however long the table is."""
    with pq.ParquetFile(path) as file:
        columns = file.schema_arrow.names
        if "value" not in columns:
            return _active_macs(path.stem, file)
        sign = -1.0 if best_of(file.schema_arrow) == "lowest" else 1.0
        runs: dict[int | None, _Running] = {}
        for part in whole_groups(file, [name for name in (*KEYS, "layer", "value") if name in columns]):
            means = layer_means(part)
            for layer in dict.fromkeys(means.layer):
                runs.setdefault(layer, _Running(sign)).add(means, np.flatnonzero(means.layer == layer))
    return [run.row(path.stem, layer) for layer, run in sorted(runs.items(), key=lambda item: item[0] or 0)]


def best_of(schema: pa.Schema) -> Best:
    """Whether the lowest or the highest of a table's values is best, by its metric."""
    return "lowest" if (provenance_of(schema) or {}).get("best") == "lowest" else "highest"


def whole_groups(file: pq.ParquetFile, columns: list[str]) -> Iterator[pa.Table]:
    """The table in parts that end where a group of samples ends."""
    held: pa.Table | None = None
    for batch in file.iter_batches(columns=columns):
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

    def where(self, index: int) -> str:
        """The group of the mean at an index in words, such as "step 12"."""
        group = self.part.slice(int(self.row[index]), 1).to_pylist()[0]
        for name in ("sample", "step"):
            if name in group:
                return f"{name} {group[name]}"
        return f"epoch {group['epoch']}, {group['phase']}" if "epoch" in group else str(group["phase"])


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


class _Running:
    """The last and the best value so far."""

    def __init__(self, sign: float) -> None:
        self._sign = sign
        self._last: float | None = None
        self._best: float | None = None
        self._at = ""

    def add(self, means: Means, indices: NDArray[np.int64]) -> None:
        """Take in the means at these indices [n]."""
        indices = indices[~np.isnan(means.value[indices])]
        if not len(indices):
            return
        values = means.value[indices]
        best = int(np.argmax(self._sign * values))
        if self._best is None or self._sign * values[best] > self._sign * self._best:
            self._best, self._at = float(values[best]), means.where(int(indices[best]))
        self._last = float(values[-1])

    def row(self, table: str, layer: int | None) -> SummaryRow:
        number = None if layer is None else int(layer)
        return SummaryRow(table=table, layer=number, last=self._last, best=self._best, at=self._at)


def _active_macs(table: str, file: pq.ParquetFile) -> list[SummaryRow]:
    if not {"layer", "mac", "samples"} <= set(file.schema_arrow.names):
        return [SummaryRow(table=table, layer=None, last=None, best=None, at="")]
    columns = file.read(columns=["layer", "mac", "samples"]).to_pandas()
    last = columns.groupby(["layer", "mac"])["samples"].last()
    counts = (last > 0).groupby("layer").sum()
    return [
        SummaryRow(
            table=table, layer=int(layer), last=float(count), best=None, at="MACs ever active in training"
        )
        for layer, count in counts.items()
    ]
