"""What many runs came to, as a file: `summary.parquet`, a row for each run, metric, phase and layer."""

from __future__ import annotations

import io
from dataclasses import asdict, fields
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from sparsey_trace.support.writing import write_whole
from sparsey_trace.tables.summary import SummaryRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from sparsey_trace.runs.entry import Entry

NAME = "summary.parquet"

_TYPES = {"str": pa.string(), "int": pa.int64(), "float": pa.float64()}
_SCHEMA = pa.schema(
    [
        ("run", pa.string()),
        ("name", pa.string()),
        *((field.name, _TYPES[str(field.type).split(" ")[0]]) for field in fields(SummaryRow)),
    ]
)


def summary_table(runs: Iterable[tuple[Entry, Sequence[SummaryRow]]]) -> pa.Table:
    """The rows of runs' summaries, with the run's id and name before each."""
    rows = [{"run": entry.run, "name": entry.name, **asdict(row)} for entry, found in runs for row in found]
    return pa.Table.from_pylist(rows, schema=_SCHEMA)


def write_summary(path: Path, runs: Iterable[tuple[Entry, Sequence[SummaryRow]]]) -> None:
    """Write them, whole or not at all.

    Raises:
        OutputError: it can't be written.
    """
    stream = io.BytesIO()
    pq.write_table(summary_table(runs), stream, compression="zstd")
    write_whole(path, stream.getvalue())
