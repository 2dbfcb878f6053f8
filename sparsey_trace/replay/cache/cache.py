"""What earlier analyses left in a folder of tables: results that are there, and folds that can be taken on.

Beside the tables stands `.sparsey-trace`, with a file for each table (its checksum, and where its values ended) and one
for each fold (its state). Nothing is used unless it is whole and speaks of this trace, this question and this
code. What is damaged is named in a warning and computed anew; removing `.sparsey-trace` costs time, and nothing else.
"""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from sparsey_trace.replay.cache.folds import KnownFold, keep_fold, known_fold
from sparsey_trace.replay.cache.store import Store, warn
from sparsey_trace.replay.cache.tables import KnownTables, keep_table, known_tables
from sparsey_trace.replay.engine.lanes import AT_ONCE, Lanes
from sparsey_trace.tables.gaps import Gaps
from sparsey_trace.tables.manifest import PARTED
from sparsey_trace.tables.names import table_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from sparsey_trace.metrics.base import Metric
    from sparsey_trace.tables.stream import Halt
    from sparsey_trace.trace.reading.trace import Trace

_UNUSED = "no cache is used"


class Cache:
    """What is known of a question about a trace. Whoever writes holds the folder; see `Outputs`.

    Args:
        folder: of the tables.
        trace: what is analysed.
        resolution: of the tables.
        reduction: of the tables.
        used: whether to look, and to keep anything.
        partition_size: where the trace has several partitions, their size.
    """

    def __init__(
        self,
        folder: Path,
        trace: Trace,
        *,
        resolution: str,
        reduction: str | None,
        used: bool,
        partition_size: int | None = None,
    ) -> None:
        """Touch nothing yet."""
        self._partition_size = partition_size if resolution in PARTED else None
        self._store, self._trace, self._used = Store(folder, trace), trace, used
        self._question = {"resolution": resolution, "reduction": reduction}

    def tables(self, metric: Metric[Any]) -> KnownTables:
        """What is known of a metric's tables."""
        if not self._used:
            return KnownTables(why=_UNUSED)
        return known_tables(
            self._store,
            metric,
            self._trace,
            self._gaps,
            partition_size=self._partition_size,
            **self._question,
        )

    @cached_property
    def _gaps(self) -> Gaps:
        return Gaps.of(self._trace)

    def fold(self, metric: Metric[Any]) -> KnownFold:
        """What is known of the fold of a metric."""
        return known_fold(self._store, metric, self._trace) if self._used else KnownFold(why=_UNUSED)

    @property
    def content(self) -> dict[str, Any] | None:
        """What the trace held when that was taken down."""
        return self._store.content

    def take_content(self) -> None:
        """Take down what the trace holds, before it is read: what is kept later is of that."""
        if self._used:
            self._store.take_content()

    def forget(self, tables: Iterable[str]) -> None:
        """Nothing is known of these tables from now on: they are about to be replaced."""
        self._store.forget(f"{name}.table" for name in tables)

    def keep(
        self,
        metrics: Iterable[Metric[Any]],
        halts: Mapping[str, Halt | None],
        folds: Iterable[tuple[Metric[Any], Any]],
        lanes: Lanes = AT_ONCE,
    ) -> None:
        """Keep what a later analysis can use; where that can't be written, a warning says so.

        Args:
            metrics: whose tables were written just now.
            halts: by table, where its values ended, if they came by chunks.
            folds: a metric of each fold that was taken on, and its state now.
            lanes: in which files are written beside each other.
        """
        if not self._used:
            return
        try:
            self._store.prepare()
            lanes.each(
                [
                    partial(keep_table, self._store, metric, name, halts[name])
                    for metric in metrics
                    for name in table_names(metric)
                ]
                + [partial(keep_fold, self._store, metric, self._trace, state) for metric, state in folds]
            )
        except OSError as error:
            warn(
                f"{self._store.path('')}: expected to keep there what a later analysis can use, found: {error}"
            )
