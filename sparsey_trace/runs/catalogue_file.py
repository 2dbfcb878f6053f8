"""The catalogue as a file, `runs.parquet`: a row a run, for readers of the tables and for the next look."""

from __future__ import annotations

import io
import json
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from sparsey_trace.runs.configuration import config_columns
from sparsey_trace.runs.entry import Entry, SeenFile
from sparsey_trace.support.writing import write_whole

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

NAME = "runs.parquet"

_MARK = b"sparsey_trace_runs"
"""In the file's metadata; what tells it from others."""

_FILE = pa.struct(
    [
        ("path", pa.string()),
        ("size", pa.int64()),
        ("modified", pa.int64()),
        ("rank", pa.int64()),
        ("num_ranks", pa.int64()),
        ("continues", pa.string()),
        ("is_whole", pa.bool_()),
    ]
)
_SCHEMA = pa.schema(
    [
        ("run", pa.string()),
        ("name", pa.string()),
        ("path", pa.string()),
        ("state", pa.string()),
        ("fault", pa.string()),
        ("samples", pa.int64()),
        ("steps", pa.int64()),
        ("epoch", pa.int64()),
        ("eval_epoch", pa.int64()),
        ("created", pa.string()),
        ("recorded", pa.float64()),
        ("host", pa.string()),
        ("model", pa.string()),
        ("bytes", pa.int64()),
        ("config", pa.string()),
        ("files", pa.list_(_FILE)),
    ]
)


def table_of(entries: Sequence[Entry]) -> pa.Table:
    """Entries as a table: what is the same for all, then `config.` and each key of their configurations."""
    rows = [_row(entry) for entry in entries]
    table = pa.Table.from_pylist(rows, schema=_SCHEMA)
    for key, values in config_columns([entry.config for entry in entries]).items():
        table = table.append_column(f"config.{key}", pa.array(values))
    return table


def catalogue_frame(entries: Sequence[Entry]) -> pd.DataFrame:
    """Entries as a pandas frame; whole numbers that may be unknown as Int64."""
    import pandas as pd

    found: pd.DataFrame = table_of(entries).to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
    return found


def write_catalogue(path: Path, entries: Sequence[Entry]) -> None:
    """Write entries, whole or not at all; a file that says the same already stays as it is.

    Raises:
        OutputError: it can't be written.
    """
    table = table_of(entries).replace_schema_metadata({_MARK: b"1"})
    stream = io.BytesIO()
    pq.write_table(table, stream, compression="zstd")
    if not (path.is_file() and path.read_bytes() == stream.getvalue()):
        write_whole(path, stream.getvalue())


def read_catalogue(path: Path) -> list[Entry]:
    """The entries in a file; none where it isn't there, or isn't one that was written here, whole."""
    try:
        if not path.is_file() or _MARK not in (pq.read_schema(path).metadata or {}):
            return []
        return [_entry(row) for row in pq.read_table(path, columns=_SCHEMA.names).to_pylist()]
    except (OSError, ValueError, TypeError, KeyError, RecursionError, pa.ArrowException):
        return []


def is_catalogue(path: Path) -> bool:
    """Whether a file is one that was written here."""
    try:
        return path.is_file() and _MARK in (pq.read_schema(path).metadata or {})
    except (OSError, ValueError, pa.ArrowException):
        return False


def _row(entry: Entry) -> dict[str, Any]:
    paths = [file.path for file in entry.files]
    return asdict(entry) | {
        "run": entry.run or None,
        "path": paths[0] if paths else None,
        "fault": entry.fault or None,
        "bytes": entry.size,
        # In the configuration's own order, in which its keys are shown.
        "config": json.dumps(entry.config),
        "files": [asdict(file) for file in entry.files],
    }


_FIELDS = [field.name for field in fields(Entry)]


def _entry(row: dict[str, Any]) -> Entry:
    known: dict[str, Any] = {name: row[name] for name in _FIELDS}
    config = json.loads(row["config"])
    if not isinstance(config, dict):
        msg = f"config: expected a JSON object, found {type(config).__name__}"
        raise TypeError(msg)
    return Entry(
        **known
        | {
            "run": row["run"] or "",
            "fault": row["fault"] or "",
            "config": config,
            "files": tuple(SeenFile(**file) for file in row["files"]),
        }
    )
