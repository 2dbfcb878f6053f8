"""Where the values of a replay go: into tables, in order, and into a folder that is ours to use."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sparsey_trace.errors import OutputError, TraceError
from sparsey_trace.metrics.base import Rows
from sparsey_trace.metrics.reductions import reduce
from sparsey_trace.metrics.registry import package_of_metric
from sparsey_trace.replay import tables
from sparsey_trace.replay.gaps import Gaps
from sparsey_trace.replay.groups import Groups
from sparsey_trace.replay.interrupts import uninterrupted
from sparsey_trace.replay.work import output_of, per_layer, split_layers
from sparsey_trace.trace.head import program_version
from sparsey_trace.trace.lock import WriterLock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    from numpy.typing import NDArray

    from sparsey_trace.metrics.base import Metric, SampleMetric
    from sparsey_trace.metrics.reductions import Reduced
    from sparsey_trace.replay.work import Output
    from sparsey_trace.trace.reader import Trace


class Outputs:
    """The tables of one analysis; used in a with-block, at whose end all appear, or none.

    Meanwhile no other analysis can write into the folder. Tables appear one after the other: whoever
    looks in between, or after a kill, finds each table whole, and in its metadata all that its content
    depends on.

    Args:
        folder: made if need be; may hold earlier results of the same trace, and nothing else.
        trace: what is analysed.
        resolution: of the tables.
        reduction: of the tables.

    Attributes:
        published: name to path of every table, once the with-block has ended well.

    Raises:
        OutputError: the folder holds something else, another analysis is at work in it, or it can't be
            made or written.
    """

    def __init__(self, folder: Path, trace: Trace, *, resolution: str, reduction: str | None) -> None:
        """Touch nothing yet."""
        self.folder, self._trace = folder, trace
        self._resolution, self._reduction = resolution, reduction
        self._streams: dict[str, Stream] = {}
        self._files: list[tables.TableFile] = []
        self._undo = contextlib.ExitStack()
        self.published: dict[str, Path] = {}

    def take(self, metric: SampleMetric[Any], output: Output | None) -> None:
        """The next chunk's values of a metric that was begun."""
        if output is not None:
            self._streams[metric.name].add(output.macs)
            if output.layers is not None:
                self._streams[f"{metric.name}_layer"].add(output.layers)

    def begin(self, metric: SampleMetric[Any], result: Any) -> None:
        """Make the tables of a metric whose values will come chunk by chunk."""
        empty = self._trace.chunk(0, 0, fields=frozenset())
        nothing = np.empty(0, np.int64)
        kind = np.int64 if metric.counts else np.float64
        layers = self._trace.layout.layers
        rows = Rows(
            sample=nothing,
            values=[np.empty((0, layer.num_macs), kind) for layer in layers],
            layer_values=[np.empty(0, kind)] * len(layers) if metric.has_layer_values else None,
            extra=dict.fromkeys(metric.extra, nothing),
        )
        file = self._file(metric, metric.name, result)
        self._streams[metric.name] = Stream(file, self._resolution, self._reduced)
        if metric.has_layer_values:
            file = self._file(metric, f"{metric.name}_layer", result)
            self._streams[f"{metric.name}_layer"] = Stream(file, self._resolution, per_layer)
        # So that a metric without a single value has a table too, with all its columns.
        self.take(
            metric, output_of(metric, rows, empty, resolution=self._resolution, reduction=self._reduction)
        )

    def write(self, metric: Metric[Any], table: pa.Table) -> None:
        """The whole table of a metric.

        Raises:
            TypeError: it is no table.
        """
        if not isinstance(table, pa.Table):
            msg = f"expected a pyarrow.Table, found {type(table).__name__}"
            raise TypeError(msg)
        self._file(metric, metric.name, table).write(table)

    def _reduced(self, values: NDArray[Any]) -> Reduced:
        return reduce(self._reduction, split_layers(self._trace.layout, values))

    def _file(self, metric: Metric[Any], name: str, result: Any) -> tables.TableFile:
        provenance = {
            "metric": metric.name,
            "version": metric.version,
            "parameters": metric.parameters,
            "best": metric.best,
            "resolution": self._resolution,
            "reduction": self._reduction,
            "trace": self._trace.id,
            "samples": len(self._trace),
            "program": f"sparsey-trace {program_version()}",
            "package": package_of_metric(type(metric)),
            "notes": metric.notes(result) | self._gaps_of(metric),
        }
        file = tables.TableFile(self.folder / f"{name}.parquet", provenance)
        self._files.append(file)
        return file

    def _gaps_of(self, metric: Metric[Any]) -> dict[str, Any]:
        gaps = Gaps.of(self._trace)
        return gaps.notes(metric, resolution=self._resolution, reduction=self._reduction)

    def __enter__(self) -> Outputs:
        """Check the folder and take it; the outputs themselves."""
        try:
            with uninterrupted(), tables.writing(self.folder):
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
        self._undo.callback(_locked(self.folder).release)
        # Once more, as another analysis may have ended in between.
        check_folder(self.folder, self._trace)
        tables.remove_partial(self.folder)

    def _remove_if_empty(self) -> None:
        with contextlib.suppress(OSError):
            self.folder.rmdir()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Publish all tables; after an error, none."""
        try:
            if error is None:
                for stream in self._streams.values():
                    stream.finish()
                for file in self._files:
                    file.finish()
                for file in self._files:
                    file.publish()
                    self.published[file.path.stem] = file.path
        finally:
            with uninterrupted():
                for file in self._files:
                    file.discard()
                self._undo.close()


class Stream:
    """Values on their way into one table: groups wait until no later sample can belong to them."""

    def __init__(
        self, file: tables.TableFile, resolution: str, reduced: Callable[[NDArray[Any]], Reduced]
    ) -> None:
        """Begin with nothing."""
        self._file, self._resolution, self._reduced = file, resolution, reduced
        self._waiting: Groups | None = None

    def add(self, part: Groups | pa.Table) -> None:
        """The next chunk's groups, or its finished table."""
        if not isinstance(part, Groups):
            self._file.write(part)
            return
        self._waiting = part if self._waiting is None else self._waiting.followed_by(part)
        if self._resolution == "step" and len(self._waiting) > 1:
            self._write(self._waiting[:-1])
            self._waiting = self._waiting[-1:]

    def finish(self) -> None:
        """Write the groups that still wait."""
        if self._waiting is not None:
            self._write(self._waiting)

    def _write(self, groups: Groups) -> None:
        keys = tables.group_keys(groups, self._resolution)
        extra = {"samples": groups.samples.astype(np.int32)}
        self._file.write(tables.build(keys, self._reduced(groups.values()), extra))


def _locked(folder: Path) -> WriterLock:
    try:
        # Inside the folder, as the one around it may not be writable.
        return WriterLock.acquire(folder / ".analysis")
    except TraceError as error:
        raise OutputError(str(error)) from error


def check_folder(folder: Path, trace: Trace) -> None:
    """See that results of this trace may be put there.

    Raises:
        OutputError: there is something that isn't results of this trace.
    """
    if not folder.exists():
        return
    if not folder.is_dir():
        msg = f"{folder}: expected a folder for the results, found a file"
        raise OutputError(msg)
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        owner = _owner(path)
        if owner != trace.id:
            found = path.name if owner is None else f"results of another trace ({path.name})"
            msg = (
                f"{folder}: expected an empty folder, or earlier results of {trace.path}, found {found}; "
                "choose another folder"
            )
            raise OutputError(msg)


def _owner(path: Path) -> str | None:
    if path.suffix != ".parquet" or not path.is_file():
        return None
    try:
        provenance = tables.provenance_of(pq.read_schema(path))
    except (OSError, ValueError):
        return None
    return None if provenance is None else str(provenance.get("trace"))
