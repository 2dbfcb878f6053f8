"""The analysis of one of many runs: by `analyze`, into a folder of its own, from which its tables join the others."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sparsey_trace.errors import DataError, MetricError, TraceError
from sparsey_trace.replay.analyze import analyze
from sparsey_trace.replay.choose import computable
from sparsey_trace.runs.analysed import (
    AnalysedMetric,
    files_then,
    read_analysed,
    table_stamp,
    work_folder,
    write_analysed,
)
from sparsey_trace.runs.results_folder import table_path
from sparsey_trace.support.writing import whole, writing
from sparsey_trace.tables.names import table_names
from sparsey_trace.tables.summary import summary_in
from sparsey_trace.trace.reading.open_trace import open_trace

if TYPE_CHECKING:
    from pathlib import Path

    from sparsey_trace.metrics.base import Metric
    from sparsey_trace.replay.result import Result
    from sparsey_trace.runs.entry import Entry
    from sparsey_trace.trace.reading.trace import Trace


@dataclass(frozen=True, kw_only=True)
class OneRun:
    """What is to be done of a run; another process can be given it.

    Attributes:
        folder: of all runs' results.
        entry: the run.
        metrics: those that are missing, each with its key.
        options: further arguments of `analyze`.
    """

    folder: Path
    entry: Entry
    metrics: list[tuple[Metric[Any], str | None]]
    options: dict[str, Any]


def analyse_one(task: OneRun) -> str:
    """Analyse a run, and have its tables take their places.

    Returns:
        Why it couldn't be done, where the run or a metric is at fault; else nothing.

    Raises:
        OutputError: results can't be written.
    """
    try:
        with open_trace(task.entry.source) as trace:
            if trace.id != task.entry.run:
                return f"{trace.path}: expected the trace that was there before, found another; look again"
            _analyse(task, trace)
    except (TraceError, DataError, MetricError) as error:
        return str(error)
    return ""


def _analyse(task: OneRun, trace: Trace) -> None:
    run, metrics = task.entry.run, [metric for metric, _ in task.metrics]
    wanted, _ = computable(metrics, trace)
    work = work_folder(task.folder, run)
    # A run's table is one file of a data set.
    result = analyze(trace, metrics=wanted, out=work, partition_size=None, **task.options)
    for name in result:
        _place(result.path(name), table_path(task.folder, name, run))
    found = read_analysed(task.folder, run)
    _, skipped = computable(metrics, trace)
    for metric, key in task.metrics:
        found[metric.name] = _outcome(task, metric, key or "", result, skipped.get(metric.name, ""))
    write_analysed(task.folder, run, found)


def _outcome(task: OneRun, metric: Metric[Any], key: str, result: Result, skipped: str) -> AnalysedMetric:
    names = [name for name in table_names(metric) if name in result]
    run = task.entry.run
    return AnalysedMetric(
        key=key,
        files=files_then(task.entry),
        tables={name: table_stamp(table_path(task.folder, name, run)) for name in names},
        skipped=skipped,
        best=metric.best or "highest",
        summary=[row for name in names for row in summary_in(result.path(name)) or ()],
    )


def _place(table: Path, path: Path) -> None:
    """Give a finished table its place among those of other runs; it is the same file, where the disk can do that."""
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole(path) as partial:
            try:
                os.link(table, partial)
            except OSError:
                shutil.copyfile(table, partial)
