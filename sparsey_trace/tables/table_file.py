"""Tables: their columns, and how they become Parquet files that are whole or not there."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sparsey_trace.layout import NO_LABEL
from sparsey_trace.metrics.columns import column, phase_column
from sparsey_trace.support.writing import PartialFile, writing

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from sparsey_trace.chunk import Chunk
    from sparsey_trace.metrics.reductions import Reduced
    from sparsey_trace.tables.groups import Groups

METADATA_KEY = b"sparsey_trace"

_LINES_PER_GROUP = 1 << 17

_RISING = frozenset({"sample", "step", "epoch"})
"""Columns that help to find lines."""


def sample_keys(chunk: Chunk, sample: NDArray[np.int64]) -> dict[str, Any]:
    """The columns that tell samples apart: sample, step, epoch, phase, label."""
    label = chunk.label[sample]
    return {
        "sample": chunk.start + sample,
        "step": chunk.step[sample],
        "epoch": chunk.epoch[sample],
        "phase": chunk.phase[sample],
        "label": np.ma.masked_array(label, label == NO_LABEL),
    }


def group_keys(groups: Groups, resolution: str) -> dict[str, Any]:
    """The columns that tell groups apart: step, epoch, phase, as far as the resolution has them."""
    keys = {"step": groups.step, "epoch": groups.epoch, "phase": groups.phase}
    dropped = {"step": (), "epoch": ("step",), "run": ("step", "epoch")}[resolution]
    return {name: column for name, column in keys.items() if name not in dropped}


def build(keys: dict[str, Any], reduced: Reduced, extra: dict[str, Any]) -> pa.Table:
    """A table with a line for each group (or sample) and each column of the reduced values.

    Args:
        keys: columns [g] that come first.
        reduced: values [g, X], and the layer and MAC that they belong to.
        extra: columns [g] that come last.
    """
    lines, width = reduced.values.shape
    columns = {name: _column(name, np.ma.repeat(column, width)) for name, column in keys.items()}
    if reduced.layer is not None:
        columns["layer"] = column(np.tile(reduced.layer, lines))
    if reduced.mac is not None:
        columns["mac"] = column(np.tile(reduced.mac, lines))
    values = reduced.values.ravel()
    columns["value"] = column(values if values.dtype == np.int64 else values.astype(np.float32))
    columns |= {name: _column(name, np.repeat(column, width)) for name, column in extra.items()}
    return pa.table(columns, schema=_schema(columns))


def _schema(columns: dict[str, pa.Array]) -> pa.Schema:
    # What can't be missing needn't be said to be there, line by line: a tenth of the time that writing takes.
    return pa.schema(
        [pa.field(name, found.type, nullable=name == "label") for name, found in columns.items()]
    )


def _column(name: str, values: Any) -> pa.Array:
    if name == "phase":
        return phase_column(np.asarray(values))
    if isinstance(values, np.ma.MaskedArray):
        return column(values.data, null=np.ma.getmaskarray(values) if name == "label" else None)
    return column(values)


class TableFile:
    """A Parquet file that takes its name only when it is whole.

    Lines are written in groups of a fixed number, whatever the size of the tables that come in, so
    that equal lines make equal bytes.

    Args:
        path: the file's name in the end.
        provenance: put into the file's metadata, as JSON, under `sparsey_trace`.
    """

    def __init__(self, path: Path, provenance: dict[str, Any]) -> None:
        """Nothing is made before the first table comes."""
        self.path = path
        self._file = PartialFile(path)
        self._metadata = {METADATA_KEY: json.dumps(provenance, sort_keys=True).encode()}
        self._waiting: list[pa.Table] = []
        self._lines = 0
        self._writer: pq.ParquetWriter | None = None

    def write(self, table: pa.Table) -> None:
        """Add lines; every table has to have the same columns."""
        self._waiting.append(table)
        self._lines += len(table)
        if self._lines >= _LINES_PER_GROUP:
            self._drain(leave=_LINES_PER_GROUP - 1)

    def _drain(self, leave: int) -> None:
        joined = pa.concat_tables(self._waiting).combine_chunks()
        with writing(self.path):
            if self._writer is None:
                schema = joined.schema.with_metadata(self._metadata)
                self._writer = pq.ParquetWriter(self._file.partial, schema, **_how(schema))
            start = 0
            while len(joined) - start > leave:
                part = joined.slice(start, _LINES_PER_GROUP)
                self._writer.write_table(part.replace_schema_metadata(self._metadata), _LINES_PER_GROUP)
                start += len(part)
        self._waiting = [joined.slice(start)]
        self._lines = len(joined) - start

    def finish(self) -> None:
        """Write what waits and close the file, under its partial name."""
        if self._waiting:
            self._drain(leave=0)
        if self._writer is not None:
            with writing(self.path):
                self._writer.close()

    def publish(self) -> None:
        """Give the finished file its name."""
        with writing(self.path):
            self._file.publish()

    def discard(self) -> None:
        """Remove what was written of an unfinished file, as far as that can be done."""
        if self._writer is not None:
            # What hinders this has hindered the writing before, and was said then.
            with contextlib.suppress(OSError):
                self._writer.close()
            self._writer = None
        self._file.discard()


def _how(schema: pa.Schema) -> dict[str, Any]:
    """What makes a table small and quick to write: as measured in docs/decisions/0006-speed.md."""
    found: dict[str, Any] = {"compression": "zstd"}
    if "value" not in schema.names:  # a metric's own table, of any columns
        return found
    fractions = {"value"} if schema.field("value").type == pa.float32() else set()
    found["use_dictionary"] = [name for name in schema.names if name not in {"mac", *fractions}]
    found["column_encoding"] = dict.fromkeys(fractions, "BYTE_STREAM_SPLIT")
    # Other columns go from their lowest to their highest value in every group of lines.
    found["write_statistics"] = [name for name in schema.names if name in _RISING]
    return found


def provenance_of(schema: pa.Schema) -> dict[str, Any] | None:
    """What a table says of its making; None where it isn't one of ours."""
    found = (schema.metadata or {}).get(METADATA_KEY)
    return None if found is None else json.loads(found)
