"""Where the values of a replay go: into tables, in order, and into a folder that is ours to use."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from sparsey_trace.layout import EVAL
from sparsey_trace.metrics.base import SampleValues, TallyMetric
from sparsey_trace.metrics.reductions import reduce
from sparsey_trace.replay.chance import Chances, seed_of
from sparsey_trace.replay.engine.metric_errors import blaming
from sparsey_trace.replay.results_folder import check_folder, lock_folder
from sparsey_trace.support.interrupts import uninterrupted
from sparsey_trace.support.writing import remove_partials, writing
from sparsey_trace.tables.chunk_values import ChunkValues, chunk_values, per_layer, split_layers
from sparsey_trace.tables.gaps import Gaps
from sparsey_trace.tables.provenance import make_provenance
from sparsey_trace.tables.row_groups import list_columns
from sparsey_trace.tables.stream import Stream
from sparsey_trace.tables.summarize import summary_of_table, summary_of_totals
from sparsey_trace.tables.summary import summary_metadata
from sparsey_trace.tables.table_file import SIGNATURE, TableFile
from sparsey_trace.trace.reading.epoch_returns import latest_epochs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path
    from types import TracebackType

    from numpy.typing import NDArray

    from sparsey_trace.metrics.base import Metric, RunMetric, SampleMetric, Tally
    from sparsey_trace.metrics.reductions import Reduced
    from sparsey_trace.tables.stream import Halt
    from sparsey_trace.tables.summary import SummaryRow
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

    Raises:
        OutputError: the folder holds something else, another analysis is at work in it, or it can't be
            made or written.
    """

    def __init__(self, folder: Path, trace: Trace, *, resolution: str, reduction: str | None) -> None:
        """See the class; the folder is taken on entering the with-block."""
        self.folder, self._trace = folder, trace
        self._resolution, self._reduction = resolution, reduction
        self._streams: dict[str, Stream] = {}
        self._metrics: dict[str, SampleMetric[Any]] = {}
        self._files: list[TableFile] = []
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
                    self._streams[name].add(part, output.totals[name])

    def begin(
        self, metric: SampleMetric[Any] | TallyMetric[Any], result: Any, halts: Mapping[str, Halt]
    ) -> None:
        """Make the tables of a metric whose values, or tallies, will come chunk by chunk.

        Args:
            metric: the metric.
            result: what its fold came to.
            halts: by name, where its earlier tables in the folder ended; empty where it begins anew.
        """
        if isinstance(metric, TallyMetric):
            self._tallies[metric] = result, metric.no_tally(self._trace.layout)
            return
        empty = self._trace.chunk(0, 0, fields=frozenset())
        nothing = np.empty(0, np.int64)
        kind = np.int64 if metric.counts else np.float64
        layers = self._trace.layout.layers
        none = SampleValues(
            sample=nothing,
            values=[np.empty((0, layer.num_macs), kind) for layer in layers],
            layer_values=[np.empty(0, kind)] * len(layers) if metric.has_layer_values else None,
            extra=dict.fromkeys(metric.extra, nothing),
            beside={name: [np.empty((0, layer.num_macs)) for layer in layers] for name in metric.beside},
        )
        self._metrics[metric.name] = metric
        file = self._file(metric, metric.name, result)
        self._streams[metric.name] = Stream(file, self._resolution, self._reduced)
        if metric.has_layer_values:
            file = self._file(metric, f"{metric.name}_layer", result)
            self._metrics[f"{metric.name}_layer"] = metric
            self._streams[f"{metric.name}_layer"] = Stream(file, self._resolution, per_layer)
        # So that a metric without a single value has a table too, with all its columns.
        self.take(
            metric, chunk_values(metric, none, empty, resolution=self._resolution, reduction=self._reduction)
        )
        for name, halt in halts.items():
            self._streams[name].resume(self.folder / f"{name}.parquet", halt)

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
                file = self._file(metric, metric.name, part)
            file.write(part)
            narrow.append(part.drop_columns(list_columns(part.schema)))
        if file is not None:
            whole = pa.concat_tables(narrow)
            latest = latest_epochs(self._trace.samples)
            rows = summary_of_table(metric, whole, self._trace.layout, latest=latest)
            file.add_metadata(summary_metadata(rows))

    def finish(self, chances: Chances | None) -> dict[str, Halt | None]:
        """Write what still waits; by the names of tables, where each one's values ended, if they came by chunks.

        Args:
            chances: what was gathered of chances on the way.
        """
        for metric, (result, tally) in self._tallies.items():
            with blaming(metric, "table"):
                self.write(metric, [metric.table(tally, result, self._trace.layout)])
        halts = {name: stream.halt for name, stream in self._streams.items()}
        for stream in self._streams.values():
            stream.finish()
        for file in self._files:
            if (name := file.path.stem) in self._streams:
                file.add_metadata(summary_metadata(self._summary(name, chances)))
            file.finish()
        return {file.path.stem: halts.get(file.path.stem) for file in self._files}

    def publish(self) -> None:
        """Put the finished tables where readers look for them."""
        for file in self._files:
            file.publish()

    def _summary(self, table: str, chances: Chances | None) -> list[SummaryRow]:
        metric, totals = self._metrics[table], self._streams[table].totals
        units = {table: metric.unit, **metric.beside}
        found = {}
        if metric.chances and len(totals[table].of_phase(EVAL)):
            asked = {"epoch": int(totals[table].latest[EVAL]), "seed": seed_of(metric)}
            if chances is None or not chances.tells(metric.chances, **asked):
                chances = Chances(self._trace, metric.chances.values(), **asked)
            found = chances.by_name(metric.chances)
        return [
            row
            for name, of_name in totals.items()
            for row in summary_of_totals(
                metric, name, of_name, self._trace.layout, unit=units[name], chance=found.get(name)
            )
        ]

    def _reduced(self, values: NDArray[Any]) -> Reduced:
        return reduce(self._reduction, split_layers(self._trace.layout, values))

    def _file(self, metric: Metric[Any], name: str, result: Any) -> TableFile:
        question: dict[str, Any] = {"resolution": self._resolution, "reduction": self._reduction}
        provenance = make_provenance(metric, self._trace, **question)
        provenance["notes"] = metric.notes(result) | Gaps.of(self._trace).notes(metric, **question)
        file = TableFile(self.folder / f"{name}.parquet", provenance)
        self._files.append(file)
        return file

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

    def _remove_if_empty(self) -> None:
        with contextlib.suppress(OSError):
            self.folder.rmdir()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the folder; what wasn't published is gone."""
        with uninterrupted():
            for file in self._files:
                file.discard()
            self._undo.close()
