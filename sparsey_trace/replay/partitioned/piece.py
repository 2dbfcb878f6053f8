"""What comes of one unit: states of folds, rows of tables, and exact totals, gathered chunk by chunk."""

from __future__ import annotations

import contextlib
from functools import partial
from typing import TYPE_CHECKING, Any

from sparsey_trace.metrics.base import TallyMetric
from sparsey_trace.metrics.reductions import reduce
from sparsey_trace.replay.cache.sealed_files import digest_of, write_sealed
from sparsey_trace.replay.engine.folding import Folding
from sparsey_trace.replay.partitioned.states import has_state, write_state
from sparsey_trace.support.writing import writing
from sparsey_trace.tables.chunk_values import ChunkValues, chunk_values, no_values, per_layer, split_layers
from sparsey_trace.tables.groups import Groups
from sparsey_trace.tables.names import table_names
from sparsey_trace.tables.provenance import make_provenance
from sparsey_trace.tables.run_totals import RunTotals
from sparsey_trace.tables.stream import Stream
from sparsey_trace.tables.table_file import TableFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from sparsey_trace.metrics.base import SampleMetric, Tally
    from sparsey_trace.metrics.reductions import Reduced
    from sparsey_trace.replay.engine.lanes import Lanes
    from sparsey_trace.replay.engine.worker import Done
    from sparsey_trace.replay.partitioned.job import Job, Unit
    from sparsey_trace.trace.reading.trace import Trace

TYPES = (Groups, RunTotals)
"""What the values of a partition are made of, beside arrays."""


class Piece:
    """What comes of one unit; used in a with-block, at whose end it is in the job's folder.

    Args:
        job: the job.
        unit: its unit.
        trace: the open trace.
        lanes: in which what comes of its chunks is put together.
    """

    def __init__(self, job: Job, unit: Unit, trace: Trace, lanes: Lanes) -> None:
        """Begin with nothing."""
        self._lanes = lanes
        self._job, self._unit = job, unit
        self._foldings = [Folding(job.folds[fold].metric, trace.layout) for fold in unit.folds]
        self._given = [_given(job, unit, job.giving[one], trace) for one in unit.giving]

    def add(self, done: Done) -> None:
        """What came of the next chunk."""
        for folding, state in zip(self._foldings, done.states, strict=True):
            self._lanes.put(folding, partial(folding.add, state))
        for given, output in zip(self._given, done.outputs, strict=True):
            self._lanes.put(given, partial(given.add, output))

    def __enter__(self) -> Piece:
        """Itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Leave what came of it for other calls; after an error nothing."""
        try:
            if kind is None:
                self._finish()
        except BaseException as error:
            kind = type(error)
            raise
        finally:
            if kind is not None:
                self._lanes.stop()
            for given in self._given:
                given.discard()

    def _finish(self) -> None:
        self._lanes.join()
        folded = zip(self._unit.folds, self._foldings, strict=True)
        self._lanes.each(
            [partial(self._keep, fold, folding) for fold, folding in folded]
            + [given.finish for given in self._given]
        )

    def _keep(self, fold: int, folding: Folding) -> None:
        write_state(self._job, fold, self._unit.span, folding.result())


def given_by(job: Job, unit: Unit) -> list[Path]:
    """The files of what a unit gives out, in the job's folder: rows and values."""
    giving = [job.giving[one] for one in unit.giving]
    rows = [
        job.rows_path(name, unit.partition)
        for metric in giving
        if job.is_parted(metric)
        for name in table_names(metric)
    ]
    return [*rows, *(job.values_path(metric, unit.partition) for metric in giving)]


def is_there(job: Job, unit: Unit) -> bool:
    """Whether all that comes of a unit is in the job's folder."""
    return all(has_state(job, fold, unit.span) for fold in unit.folds) and all(
        path.exists() for path in given_by(job, unit)
    )


class _Tallied:
    """The counts of a metric."""

    def __init__(self, metric: TallyMetric[Any], path: Path, trace: Trace) -> None:
        self._path, self._tally = path, metric.no_tally(trace.layout)

    def add(self, output: ChunkValues | Tally | None) -> None:
        if isinstance(output, tuple):
            self._tally = tuple(mine + more for mine, more in zip(self._tally, output, strict=True))

    def finish(self) -> None:
        with writing(self._path):
            write_sealed(self._path, {}, self._tally, is_bounded=False)

    def discard(self) -> None:
        pass


class _Valued:
    """The values of a metric: rows where its tables lie in parts, else groups of samples."""

    def __init__(self, job: Job, metric: SampleMetric[Any], partition: int, trace: Trace) -> None:
        self._path, self._is_parted = job.values_path(metric, partition), job.is_parted(metric)
        self._metric = metric
        self._files: dict[str, TableFile] = {}
        self._streams: dict[str, Stream] = {}
        about = part_provenance(metric, trace, partition_size=job.partition_size, **job.question)
        for name in table_names(metric):
            self._files[name] = TableFile(job.rows_path(name, partition), about, table=name)
            reduced = reducing(job.reduction, trace) if name == metric.name else per_layer
            self._streams[name] = Stream(self._files[name], job.resolution, reduced)
        empty = trace.chunk(0, 0, fields=frozenset())
        self.add(chunk_values(metric, no_values(metric, trace.layout), empty, **job.question))

    def add(self, output: ChunkValues | Tally | None) -> None:
        if isinstance(output, ChunkValues):
            for name, stream in self._streams.items():
                part = output.macs if name == self._metric.name else output.layers
                if part is not None:
                    stream.add(part, output.totals[name])

    def finish(self) -> None:
        parts = {name: self._finish(name) for name in self._files} if self._is_parted else {}
        halts = {name: stream.halt for name, stream in self._streams.items()}
        value = {
            name: (None if self._is_parted else halt.waiting, dict(halt.totals))
            for name, halt in halts.items()
        }
        with writing(self._path):
            write_sealed(self._path, {"parts": parts}, value, TYPES, is_bounded=False)

    def _finish(self, name: str) -> dict[str, Any]:
        file, stream = self._files[name], self._streams[name]
        stream.finish()
        file.finish()
        file.publish()
        size = file.path.stat().st_size
        with file.path.open("rb") as rows:
            return {"rows": stream.halt.rows, "size": size, "digest": digest_of(rows, size).hex()}

    def discard(self) -> None:
        for file in self._files.values():
            with contextlib.suppress(OSError):
                file.discard()


def _given(job: Job, unit: Unit, metric: Any, trace: Trace) -> _Tallied | _Valued:
    if isinstance(metric, TallyMetric):
        return _Tallied(metric, job.values_path(metric, unit.partition), trace)
    return _Valued(job, metric, unit.partition, trace)


def reducing(reduction: str | None, trace: Trace) -> Callable[[NDArray[Any]], Reduced]:
    """What makes of values [g, all MACs] those of a reduction."""
    return lambda values: reduce(reduction, split_layers(trace.layout, values))


def part_provenance(
    metric: SampleMetric[Any], trace: Trace, *, partition_size: int | None, **question: Any
) -> dict[str, Any]:
    """What a part of a table depends on: its partition, however long the trace is."""
    about = make_provenance(metric, trace, **question)
    del about["samples"]
    return about | {"partition_size": partition_size}
