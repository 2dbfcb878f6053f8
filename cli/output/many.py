"""What many runs came to, as it is printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sparsey_trace.support.printable import count, printable

from .exits import DATA_AT_FAULT
from .printing import error, write, write_json
from .table import write_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sparsey_trace.runs.entry import Entry
    from sparsey_trace.runs.runs import Runs
    from sparsey_trace.runs.runs_result import RunsResult
    from sparsey_trace.tables.summary import SummaryRow


def many_runs(named: Sequence[Path]) -> Runs | RunsResult:
    """The runs that are named; or, where that is a folder of their results, these."""
    from sparsey_trace.runs.runs import open_runs
    from sparsey_trace.runs.runs_result import is_runs_folder, result_in

    return result_in(named[0]) if len(named) == 1 and is_runs_folder(named[0]) else open_runs(named)


def show_runs(entries: Sequence[Entry], summaries: dict[str, list[SummaryRow]]) -> None:
    """A row for each run: its state, what differs in its configuration, its last evaluation."""
    from sparsey_trace.runs.configuration import differing
    from sparsey_trace.runs.sheet import HEADS, NUMBERS, evaluations, rows_of

    keys = differing(entry.config for entry in entries if entry.is_readable)
    metrics, texts = evaluations(summaries)
    nothing = [""] * len(metrics)
    rows = [
        [*row, *texts.get(entry.run, nothing)]
        for entry, row in zip(entries, rows_of(entries, keys), strict=True)
    ]
    write_table((*HEADS, *keys, *metrics), rows, numbers=(*NUMBERS, *metrics))


def runs_as_json(entries: Sequence[Entry], summaries: dict[str, list[SummaryRow]]) -> dict[str, Any]:
    """The same as plain values."""
    from dataclasses import asdict

    from sparsey_trace.runs.configuration import differing
    from sparsey_trace.runs.sheet import evaluation_means

    return {
        "differing": differing(entry.config for entry in entries if entry.is_readable),
        "runs": [
            asdict(entry) | {"evaluation": evaluation_means(summaries.get(entry.run, ()))}
            for entry in entries
        ],
    }


def show_result(result: RunsResult, *, as_json: bool) -> None:
    """What an analysis of many runs came to, and where its tables are."""
    if as_json:
        write_json(_as_json(result))
        return
    show_runs(result.entries, result.summaries())
    for name, reason in result.skipped.items():
        write(printable(f"skipped {name}: {reason}"))
    tables = ", ".join(f"{name}/" for name in result)
    write(
        printable(
            f"{count(len(result), 'table')} of {count(len(result.entries), 'run')} in {result.folder}: {tables}"
        )
    )


def failed(result: RunsResult) -> int:
    """Name the runs that couldn't be analysed; the exit code that this has."""
    for name, fault in result.failed.items():
        error(f"{name}: left out: {fault}")
    return DATA_AT_FAULT


def _as_json(result: RunsResult) -> dict[str, Any]:
    from dataclasses import asdict

    summaries = result.summaries()
    return {
        "folder": str(result.folder),
        "runs": {
            entry.name: {
                "run": entry.run,
                "summary": [asdict(row) for row in summaries.get(entry.run, [])],
            }
            for entry in result.entries
        },
        "tables": list(result),
        "failed": result.failed,
        "skipped": result.skipped,
    }
