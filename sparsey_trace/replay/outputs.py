"""Where the values of a replay go: into tables, in order, and into a folder that is ours to use."""

from __future__ import annotations

import contextlib
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from sparsey_trace.layout import EVAL, PHASES, TRAIN
from sparsey_trace.metrics.base import TallyMetric
from sparsey_trace.metrics.reductions import reduce
from sparsey_trace.replay.engine.lanes import AT_ONCE, Lanes
from sparsey_trace.replay.engine.metric_errors import blaming
from sparsey_trace.replay.results_folder import check_folder, lock_folder
from sparsey_trace.support.interrupts import uninterrupted
from sparsey_trace.support.writing import remove_partials, writing
from sparsey_trace.tables.chunk_values import (
    ChunkValues,
    chunk_values,
    no_values,
    per_layer,
    split_layers,
)
from sparsey_trace.tables.gaps import Gaps
from sparsey_trace.tables.names import table_names
from sparsey_trace.tables.parted_table import PartedTable, forget_parts, remove_parts
from sparsey_trace.tables.provenance import make_provenance
from sparsey_trace.tables.row_groups import list_columns
from sparsey_trace.tables.stream import Stream
from sparsey_trace.tables.summarize import summary_of_table, summary_of_totals
from sparsey_trace.tables.summary import summary_metadata
from sparsey_trace.tables.table_file import SIGNATURE, TableFile, WholeTable
from sparsey_trace.trace.reading.epoch_returns import phase_samples

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path
    from types import TracebackType

    import numpy as np
    from numpy.typing import NDArray

    from sparsey_trace.metrics.base import Metric, RunMetric, SampleMetric, Tally
    from sparsey_trace.metrics.reductions import Reduced
    from sparsey_trace.replay.cache.tables import KnownTables
    from sparsey_trace.replay.chance import Chance
    from sparsey_trace.tables.groups import Groups
    from sparsey_trace.tables.run_totals import RunTotals
    from sparsey_trace.tables.stream import Halt
    from sparsey_trace.tables.summary import SummaryRow
    from sparsey_trace.trace.reading.epoch_returns import PhaseSamples
    from sparsey_trace.trace.reading.trace import Trace


class Outputs:
    """The tables of one analysis; used in a with-block, in which all appear with `publish`, or none.

    Meanwhile no other analysis can write into the folder. Tables appear one after the other: whoever
    looks in between, or after a kill, finds each table whole, and in its metadata all that its content
    depends on.

    Args:
        folder: made if need be; may hold earlier results of the same trace, and nothing else.
        trace: what is analysed.
        resolution: of the tables.
        reduction: of the tables.
        partition_size: of tables in parts.

    Raises:
        OutputError: the folder holds something else, another analysis is at work in it, or it can't be
            made or written.
    """

    def __init__(
        self,
        folder: Path,
        trace: Trace,
        *,
        resolution: str,
        reduction: str | None,
        partition_size: int | None = None,
    ) -> None:
        """See the class; the folder is taken on entering the with-block."""
        self.folder, self._trace, self._partition_size = folder, trace, partition_size
        self._resolution, self._reduction = resolution, reduction
        self._streams: dict[str, Stream | PartedTable] = {}
        self._metrics: dict[str, SampleMetric[Any]] = {}
        self._files: list[TableFile | PartedTable | WholeTable] = []
        self._tallies: dict[TallyMetric[Any], tuple[Any, Tally]] = {}
        self._undo = contextlib.ExitStack()

    def take(self, metric: SampleMetric[Any] | TallyMetric[Any], output: ChunkValues | Tally | None) -> None:
        """The next chunk's values, or tally, of a metric that was begun."""
        if isinstance(metric, TallyMetric):
            result, tally = self._tallies[metric]
            if isinstance(output, tuple):
                added = (mine + more for mine, more in zip(tally, output, strict=True))
                self._tallies[metric] = result, tuple(added)
        elif isinstance(output, ChunkValues):
            for name, part in ((metric.name, output.macs), (f"{metric.name}_layer", output.layers)):
                if part is not None:
                    self._stream(name).add(part, output.totals[name])

    def begin(
        self,
        metric: SampleMetric[Any] | TallyMetric[Any],
        result: Any,
        halts: Mapping[str, Halt],
        *,
        notes: Mapping[str, Any] | None = None,
    ) -> None:
        """Make the tables of a metric whose values, or tallies, will come chunk by chunk.

        Args:
            metric: the metric.
            result: what its fold came to.
            halts: by name, where its earlier tables in the folder ended; empty where it begins anew.
            notes: its own, on its values, where they were made elsewhere.
        """
        if isinstance(metric, TallyMetric):
            self._tallies[metric] = result, metric.no_tally(self._trace.layout)
            return
        empty = self._trace.chunk(0, 0, fields=frozenset())
        none = no_values(metric, self._trace.layout)
        self._metrics[metric.name] = metric
        notes = metric.notes(result) if notes is None else notes
        file = self._file(metric, metric.name, notes)
        self._streams[metric.name] = Stream(file, self._resolution, self._reduced)
        if metric.has_layer_values:
            file = self._file(metric, f"{metric.name}_layer", notes)
            self._metrics[f"{metric.name}_layer"] = metric
            self._streams[f"{metric.name}_layer"] = Stream(file, self._resolution, per_layer)
        # So that a metric without a single value has a table too, with all its columns.
        self.take(
            metric, chunk_values(metric, none, empty, resolution=self._resolution, reduction=self._reduction)
        )
        for name, halt in halts.items():
            stream = self._streams[name]
            if isinstance(stream, Stream):
                stream.resume(self.folder / f"{name}.parquet", halt)

    def begin_parts(
        self, metric: SampleMetric[Any], notes: Mapping[str, Any], known: KnownTables
    ) -> dict[str, PartedTable]:
        """Make the tables of a metric whose parts others have written.

        Args:
            metric: the metric.
            notes: its own, on its values.
            known: what of them is there already.

        Returns:
            By name, what takes their parts.
        """
        found = {}
        for name in table_names(metric):
            halt = known.halts.get(name)
            about = self._provenance(metric, notes) | {"partition_size": self._partition_size}
            found[name] = PartedTable(
                self.folder / name,
                about,
                kept=known.parts.get(name, ()),
                totals={} if halt is None else halt.totals,
            )
            self._metrics[name] = metric
        self._streams |= found
        self._files += found.values()
        return found

    def add(self, name: str, groups: Groups, totals: Mapping[str, RunTotals]) -> None:
        """The next groups of a table that was begun, and the totals of their values."""
        self._stream(name).add(groups, totals)

    def adopt(self, name: str, path: Path) -> None:
        """Take a table that is whole already, and lies elsewhere on the same disk."""
        self._files.append(WholeTable(self.folder / f"{name}.parquet", path))

    def write(self, metric: RunMetric[Any], parts: Iterable[pa.Table]) -> None:
        """The whole table of a metric, part by part.

        Raises:
            TypeError: a part is no table.
        """
        file, narrow = None, []
        for part in parts:
            if not isinstance(part, pa.Table):
                msg = f"expected a pyarrow.Table, found {type(part).__name__}"
                raise TypeError(msg)
            if file is None:
                file = self._file(metric, metric.name, metric.notes(part))
            file.write(part)
            narrow.append(part.drop_columns(list_columns(part.schema)))
        if file is not None:
            whole = pa.concat_tables(narrow)
            rows = summary_of_table(metric, whole, self._trace.layout, phases=self._phases)
            file.add_metadata(summary_metadata(rows))

    def finish(self, chance: Chance, lanes: Lanes = AT_ONCE) -> dict[str, Halt | None]:
        """Write what still waits; by the names of tables, where each one's values ended, if they came by chunks.

        Args:
            chance: tells what eval samples of an epoch would score by chance.
            lanes: in which tables are finished beside each other.
        """
        for metric, (result, tally) in self._tallies.items():
            with blaming(metric, "table"):
                self.write(metric, [metric.table(tally, result, self._trace.layout)])
        halts = {name: stream.halt for name, stream in self._streams.items()}
        for file in self._files:
            if (name := file.path.stem) in self._streams and not isinstance(file, WholeTable):
                file.add_metadata(summary_metadata(self._summary(name, chance)))
        lanes.each([partial(self._end, file) for file in self._files])
        return {file.path.stem: halts.get(file.path.stem) for file in self._files}

    def _end(self, file: TableFile | PartedTable | WholeTable) -> None:
        stream = self._streams.get(file.path.stem)
        if isinstance(stream, Stream):
            stream.finish()
        file.finish()

    def publish(self) -> None:
        """Put the finished tables where readers look for them."""
        for file in self._files:
            if isinstance(file, PartedTable):
                file.publish()
                continue
            parts = file.path.with_suffix("")
            forget_parts(parts)
            file.publish()
            with writing(parts):
                remove_parts(parts)

    def discard(self) -> None:
        """Remove what was written and not published."""
        for file in self._files:
            file.discard()

    @cached_property
    def _phases(self) -> dict[str, PhaseSamples]:
        return phase_samples(self._trace.samples)

    @cached_property
    def _gaps(self) -> Gaps:
        """Looked for once: all tables of an analysis tell the same of a run that goes on meanwhile."""
        return Gaps.of(self._trace)

    def _stream(self, name: str) -> Stream:
        stream = self._streams[name]
        assert isinstance(stream, Stream)
        return stream

    def _summary(self, table: str, chance: Chance) -> list[SummaryRow]:
        metric, totals = self._metrics[table], self._streams[table].totals
        units = {table: metric.unit, **metric.beside}
        found: dict[str, NDArray[np.float64] | RunTotals] = {}
        if metric.chances and len(totals[table].of_phase(EVAL)):
            found |= chance(metric, int(totals[table].latest[EVAL]))
        if metric.told_chance in totals:
            found[table] = totals[metric.told_chance]
        return [
            row
            for name, of_name in totals.items()
            if name != metric.told_chance
            for row in summary_of_totals(
                metric, name, of_name, self._trace.layout, unit=units[name], chance=found.get(name)
            )
            if not metric.told_behind_training or self._is_behind_training(row.phase)
        ]

    def _is_behind_training(self, phase: str | None) -> bool:
        """Whether the phase has a sample of a step behind the first one of training."""
        train, mine = self._phases.get(PHASES[TRAIN]), self._phases.get(phase or "")
        return train is not None and mine is not None and mine.steps[1] > train.steps[0]

    def _reduced(self, values: NDArray[Any]) -> Reduced:
        return reduce(self._reduction, split_layers(self._trace.layout, values))

    def _file(self, metric: Metric[Any], name: str, notes: Mapping[str, Any]) -> TableFile:
        file = TableFile(self.folder / f"{name}.parquet", self._provenance(metric, notes))
        self._files.append(file)
        return file

    def _provenance(self, metric: Metric[Any], notes: Mapping[str, Any]) -> dict[str, Any]:
        question: dict[str, Any] = {"resolution": self._resolution, "reduction": self._reduction}
        provenance = make_provenance(metric, self._trace, **question)
        said = self._gaps.notes(metric, **question)
        if metric.of_numbers and self._trace.input_kind not in ("binary", "none"):
            said["values"] = [*said.get("values", []), metric.of_numbers]
        provenance["notes"] = {**notes, **said}
        return provenance

    def __enter__(self) -> Outputs:
        """Check the folder and take it; the outputs themselves."""
        try:
            with uninterrupted(), writing(self.folder):
                self._take_folder()
        except BaseException:
            self._undo.close()
            raise
        return self

    def _take_folder(self) -> None:
        check_folder(self.folder, self._trace)
        if not self.folder.exists():
            self._undo.callback(self._remove_if_empty)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._undo.callback(lock_folder(self.folder).release)
        # Once more, as another analysis may have ended in between.
        check_folder(self.folder, self._trace)
        remove_partials(self.folder, SIGNATURE, ending=".parquet")
        remove_partials(self.folder, b"{", ending=".manifest.json")

    def _remove_if_empty(self) -> None:
        with contextlib.suppress(OSError):
            self.folder.rmdir()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the folder; what wasn't published is gone."""
        with uninterrupted():
            self.discard()
            self._undo.close()
