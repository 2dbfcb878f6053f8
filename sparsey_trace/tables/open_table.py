"""Tables read, whether they lie in one file or in several parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from sparsey_trace.tables.manifest import read_manifest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


def files_of(path: Path) -> list[Path]:
    """The files that hold a table's rows, in order.

    Raises:
        FileNotFoundError: it lies in parts, and nothing says in which.
    """
    if not path.is_dir():
        return [path]
    manifest = read_manifest(path)
    if manifest is None:
        msg = f"{path}: expected a manifest that says which parts make up the table, found none; analyse the trace anew"
        raise FileNotFoundError(msg)
    return [path / part.file for part in manifest.parts]


def schema_of(path: Path) -> pa.Schema:
    """A table's columns, with the metadata of the table as a whole.

    Raises:
        OSError: it can't be read.
    """
    schema = pq.read_schema(files_of(path)[0])
    manifest = read_manifest(path) if path.is_dir() else None
    return schema if manifest is None else schema.with_metadata(manifest.schema_metadata)


def metadata_in(path: Path) -> dict[bytes, bytes]:
    """The metadata of a table as a whole.

    Raises:
        OSError: it can't be read.
    """
    if not path.is_dir():
        return pq.read_metadata(path).metadata or {}
    manifest = read_manifest(path)
    return {} if manifest is None else manifest.schema_metadata


def num_rows(path: Path) -> int:
    """How many rows a table has; none is read.

    Raises:
        OSError: it can't be read.
    """
    return sum(pq.read_metadata(file).num_rows for file in files_of(path))


def read_columns(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """A whole table, or some of its columns; those of words have one dictionary.

    Raises:
        OSError: it can't be read.
    """
    parts = [
        pq.read_table(file, columns=None if columns is None else list(columns)) for file in files_of(path)
    ]
    if len(parts) == 1:
        return parts[0]
    metadata = schema_of(path).metadata
    return pa.concat_tables(parts).unify_dictionaries().replace_schema_metadata(metadata)


def batches_of(
    path: Path, columns: Sequence[str] | None = None, *, rows: int = 1 << 16
) -> Iterator[pa.RecordBatch]:
    """A table, so many rows at a time.

    Raises:
        OSError: it can't be read.
    """
    for file in files_of(path):
        with pq.ParquetFile(file) as opened:
            yield from opened.iter_batches(rows, columns=None if columns is None else list(columns))
