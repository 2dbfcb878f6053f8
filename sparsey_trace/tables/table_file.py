"""Tables as Parquet files, which are there whole or not at all."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from sparsey_trace.support.writing import PartialFile, writing
from sparsey_trace.tables import row_groups
from sparsey_trace.tables.name_columns import with_names
from sparsey_trace.tables.provenance import metadata_of
from sparsey_trace.tables.row_groups import group_ends, list_columns, list_values

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SIGNATURE = b"PAR1"
"""How a Parquet file begins."""

_RISING = frozenset({"sample", "step", "epoch"})
"""Columns whose statistics help readers to find rows."""


class TableFile:
    """A table of results as a Parquet file, which takes its name only when it is whole.

    Rows are written in groups that the rows alone decide, whatever the size of the tables that come in, so
    that equal rows make equal bytes; what waits to be written is bounded, see `row_groups`.

    Args:
        path: the file's name in the end.
        provenance: from `make_provenance`, with notes; put into the file's metadata, see `metadata_of`.
        table: the table's name; by default that of the file.
    """

    def __init__(self, path: Path, provenance: dict[str, Any], *, table: str | None = None) -> None:
        """Make no file before the first table comes."""
        self.path, self._table = path, table or path.stem
        self._file = PartialFile(path)
        self._metadata, self._layers = metadata_of(provenance), provenance["layer_names"]
        self._waiting: list[pa.Table] = []
        self._rows = self._values = 0
        self._late: dict[bytes, bytes] = {}
        self._writer: pq.ParquetWriter | None = None
        self._open = contextlib.ExitStack()

    def write(self, table: pa.Table) -> None:
        """Add rows; every table has to have the same columns. What names them is added here."""
        self._waiting.append(table)
        self._rows += len(table)
        self._values += int(list_values(table).sum()) if list_columns(table.schema) else 0
        if self._rows >= row_groups.ROWS or self._values > row_groups.VALUES:
            self._drain()

    def _drain(self, *, is_last: bool = False) -> None:
        joined = pa.concat_tables(self._waiting)
        ends = group_ends(joined, rows=row_groups.ROWS, values=row_groups.VALUES)
        with writing(self.path):
            if self._writer is None:
                schema = self._named(joined.slice(0, 0)).schema
                stream = self._open.enter_context(self._file.create())
                self._writer = self._open.enter_context(pq.ParquetWriter(stream, schema, **_options(schema)))
            start = 0
            for end in [*ends, len(joined)] if is_last else ends:
                if start < end:
                    part = joined.slice(start, end - start).combine_chunks()
                    self._writer.write_table(self._named(part), row_groups.ROWS)
                start = end
        rest = joined.slice(start)
        self._waiting, self._rows = [rest], len(rest)
        self._values = int(list_values(rest).sum()) if list_columns(rest.schema) else 0

    def _named(self, table: pa.Table) -> pa.Table:
        named = with_names(table, metric=self._table, layers=self._layers)
        return named.replace_schema_metadata(self._metadata)

    def add_metadata(self, metadata: Mapping[bytes, bytes]) -> None:
        """Put more into the file's metadata, with `finish`: what is known only when all rows are."""
        self._late.update(metadata)

    def finish(self) -> None:
        """Write what waits and close the file, under its partial name."""
        if self._waiting:
            self._drain(is_last=True)
        with writing(self.path):
            if self._writer is not None and self._late:
                self._writer.add_key_value_metadata(self._late)
            self._open.close()

    def publish(self) -> None:
        """Give the finished file its name."""
        with writing(self.path):
            self._file.publish()

    def discard(self) -> None:
        """Remove what was written of an unfinished file, as far as that can be done."""
        # What hinders this has hindered the writing before, and was said then.
        with contextlib.suppress(OSError):
            self._open.close()
        self._writer = None
        self._file.discard()


class WholeTable:
    """A table's file that others have written, and that has yet to take its place.

    Args:
        path: its place.
        found: where it is, on the same disk.
    """

    def __init__(self, path: Path, found: Path) -> None:
        """See the class."""
        self.path, self._found = path, found

    def finish(self) -> None:
        """Nothing waits to be written."""

    def publish(self) -> None:
        """Give it its place."""
        with writing(self.path):
            self._found.replace(self.path)

    def discard(self) -> None:
        """It is others' to remove."""


def _options(schema: pa.Schema) -> dict[str, Any]:
    """The options of Parquet that make a table small and quick to write; measured in docs/decisions/0006-speed.md."""
    found: dict[str, Any] = {"compression": "zstd"}
    if "value" not in schema.names:  # a metric's own table, of any columns
        return found
    fractions = {"value"} if schema.field("value").type == pa.float32() else set()
    found["use_dictionary"] = [name for name in schema.names if name not in {"mac", *fractions}]
    found["column_encoding"] = dict.fromkeys(fractions, "BYTE_STREAM_SPLIT")
    # Of other columns statistics say nothing: they go from lowest to highest in every group of rows.
    found["write_statistics"] = [name for name in schema.names if name in _RISING]
    return found
