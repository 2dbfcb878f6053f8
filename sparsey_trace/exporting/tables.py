"""Metrics as CSV files or TensorBoard's event files."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.csv

from sparsey_trace.errors import UsageError
from sparsey_trace.metrics.base import RunMetric
from sparsey_trace.replay.find_or_make import Question, tables_of
from sparsey_trace.tables.open_table import batches_of, schema_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from sparsey_trace.metrics.base import Metric
    from sparsey_trace.trace.reading.trace import Trace


def write_tables(
    trace: Trace,
    folder: Path,
    *,
    to: str,
    metrics: Iterable[str | Metric[Any]] | None,
    tables: Path | None,
    n_jobs: int,
    progress_bar: bool,
) -> list[str]:
    """Write the tables of metrics, which are computed where they aren't yet.

    Args:
        trace: the run.
        folder: what to make.
        to: `tensorboard` or `csv`.
        metrics: as `analyze` takes them; None for those built in that have values by step.
        tables: the folder that `analyze` wrote; None for RUN.metrics.
        n_jobs: how many threads compute them.
        progress_bar: show progress on standard error.

    Returns:
        Remarks on what isn't there, and why.

    Raises:
        UsageError: none of the metrics has values that the form can hold.
    """
    question = Question.about(metrics, n_jobs=n_jobs, progress_bar=progress_bar)
    if metrics is None:
        by_step = [metric for metric in question.metrics if not isinstance(metric, RunMetric)]
        question = replace(question, metrics=by_step)
    found = tables_of(trace, question, tables)
    lacking = {name: reason for name, path in found.result.paths.items() if (reason := _unfit(path, to))}
    paths = {name: path for name, path in found.result.paths.items() if name not in lacking}
    if not paths:
        msg = f"metrics: expected some that {to} can hold, found {'; '.join(f'{k}: {v}' for k, v in lacking.items())}"
        raise UsageError(msg)
    folder.mkdir()
    if to == "csv":
        for name, path in paths.items():
            _write_csv(path, folder / f"{name}.csv")
    else:
        from sparsey_trace.exporting.events import write_events

        write_events(trace, paths, folder)
    left_out = {**found.result.skipped, **lacking}
    return [*found.remarks, *(f"{name} is left out: {reason}" for name, reason in left_out.items())]


def _unfit(path: Path, to: str) -> str:
    """Why a table can't be written in a form; empty where it can."""
    schema = schema_of(path)
    if any(pa.types.is_nested(kind) for kind in schema.types):
        return f"its values are lists, which {to} can't hold"
    if to == "tensorboard" and "step" not in schema.names:
        return "it has no values by step"
    return ""


def _as_text(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _write_csv(table: Path, path: Path) -> None:
    found = schema_of(table)
    fields = zip(found.names, found.types, strict=True)
    schema = pa.schema([(name, _as_text(kind)) for name, kind in fields])
    with pa.csv.CSVWriter(path, schema, write_options=pa.csv.WriteOptions(quoting_style="needed")) as writer:
        for batch in batches_of(table):
            writer.write_table(pa.Table.from_batches([batch]).cast(schema))
