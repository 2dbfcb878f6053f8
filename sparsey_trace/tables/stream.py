"""Values on their way into one table, also into one that goes on where an earlier one ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sparsey_trace.layout import PHASES
from sparsey_trace.metrics.columns import numbers_of, phase_column
from sparsey_trace.tables.build import build, group_columns
from sparsey_trace.tables.groups import Groups
from sparsey_trace.tables.name_columns import without_names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from sparsey_trace.metrics.reductions import Reduced
    from sparsey_trace.tables.run_totals import RunTotals
    from sparsey_trace.tables.table_file import TableFile

_ROWS_AT_ONCE = 1 << 17


@dataclass(frozen=True, eq=False)
class Halt:
    """Where a stream stood when its table ended.

    Attributes:
        rows: how many rows of the table no later sample can change.
        waiting: the groups that a later sample can change, whose rows come after these; None at resolution `sample`.
        totals: of all values so far; see `ChunkValues`.
    """

    rows: int
    waiting: Groups | None
    totals: Mapping[str, RunTotals]


class Stream:
    """Values on their way into one table: groups wait until no later sample can belong to them."""

    def __init__(self, file: TableFile, resolution: str, reduced: Callable[[NDArray[Any]], Reduced]) -> None:
        """Begin with nothing."""
        self._file, self._resolution, self._reduced = file, resolution, reduced
        self._waiting: Groups | None = None
        self._rows = 0
        self.totals: dict[str, RunTotals] = {}

    @property
    def halt(self) -> Halt:
        """Where it stands now."""
        return Halt(self._rows, self._waiting, dict(self.totals))

    def resume(self, path: Path, halt: Halt) -> None:
        """Begin, after the first (empty) part, with what an earlier table holds that stays as it is.

        Raises:
            ValueError: the groups that waited are none of this table's.
        """
        if halt.waiting is not None and self._waiting is not None:
            self._waiting = self._waiting.followed_by(halt.waiting)
        self._count(halt.totals)
        left = halt.rows
        with pq.ParquetFile(path) as earlier:
            for batch in earlier.iter_batches(_ROWS_AT_ONCE):
                self._put(_as_written(batch.slice(0, left)))
                left -= min(left, len(batch))
                if not left:
                    return

    def add(self, part: Groups | pa.Table, totals: Mapping[str, RunTotals]) -> None:
        """The next chunk's groups, or its finished table; and its totals."""
        self._count(totals)
        if not isinstance(part, Groups):
            self._put(part)
            return
        self._waiting = part if self._waiting is None else self._waiting.followed_by(part)
        if self._resolution == "step" and len(self._waiting) > 1:
            self._put(self._table(self._waiting[:-1]))
            self._waiting = self._waiting[-1:]

    def _count(self, totals: Mapping[str, RunTotals]) -> None:
        for name, found in totals.items():
            self.totals[name] = self.totals[name].followed_by(found) if name in self.totals else found

    def finish(self) -> None:
        """Write the groups that still wait."""
        if self._waiting is not None:
            self._put(self._table(self._waiting))

    def _put(self, table: pa.Table) -> None:
        self._file.write(table)
        self._rows += len(table)

    def _table(self, groups: Groups) -> pa.Table:
        keys = group_columns(groups, self._resolution)
        reduced, samples = self._reduced(groups.values()), groups.samples
        if groups.known is not None and reduced.mac is not None:
            samples = self._reduced(groups.known).values
        may_lack = groups.known is not None
        return build(keys, reduced, {"samples": samples.astype(np.int32)}, may_lack=may_lack)


def _as_written(batch: pa.RecordBatch) -> pa.Table:
    """Rows read back as they were given out: without what the file adds to them, and with the names of both phases."""
    phase = batch.column("phase")
    number = np.array([PHASES.index(name) for name in phase.dictionary.to_pylist()], np.int64)
    table = without_names(pa.Table.from_batches([batch])).replace_schema_metadata(None)
    index = table.column_names.index("phase")
    return table.set_column(index, table.field("phase"), phase_column(number[numbers_of(phase.indices)]))
