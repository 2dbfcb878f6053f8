"""What many runs came to, as it is printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sparsey_trace.support.printable import count, printable

from .exits import DATA_AT_FAULT
from .printing import error, note, write, write_json
from .table import write_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sparsey_trace.runs.entry import Entry
    from sparsey_trace.runs.runs import Runs
    from sparsey_trace.runs.runs_result import RunsResult
    from sparsey_trace.tables.summary import SummaryRow

_MOST_NAMED = 5
"""So many runs are named."""


def many_runs(named: Sequence[str]) -> Runs | RunsResult:
    """The runs that are named; or, where that is a folder of their results, these."""
    from sparsey_trace.replay.results_place import results_at
    from sparsey_trace.runs.runs import open_runs
    from sparsey_trace.runs.runs_result import is_runs_folder, result_in
    from sparsey_trace.support.user_path import is_url, user_path

    if len(named) == 1:
        folder = results_at(named[0]) if is_url(named[0]) else user_path(named[0])
        if folder is not None and is_runs_folder(folder):
            return result_in(folder)
    return open_runs(named)


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


def show_result(result: RunsResult, *, named: bool, as_json: bool) -> None:
    """What an analysis of many runs came to, and where its tables are.

    Args:
        result: of the analysis.
        named: whether metrics were asked for by name.
        as_json: how to say it.
    """
    note_gone(result.folder, result.gone)
    if as_json:
        write_json(_as_json(result))
        return
    show_runs(result.entries, result.summaries())
    for name, reason in result.skipped.items():
        write(printable(f"skipped {name}: {reason}"))
    _show_lacking(result, named=named)
    tables = ", ".join(f"{name}/" for name in result)
    write(
        printable(
            f"{count(len(result), 'table')} of {count(len(result.entries), 'run')} in {result.folder}: {tables}"
        )
    )


def _show_lacking(result: RunsResult, *, named: bool) -> None:
    """Say which runs some metrics couldn't be computed for."""
    from sparsey_trace.replay.choose import OF_VALUES

    # Most runs have no further values, and nobody misses them.
    untold = set() if named else OF_VALUES - set(result)
    lacking, without = result.lacking(), dict[tuple[str, str], list[str]]()
    for entry in result.entries:
        told = {name: why for name, why in lacking.get(entry.run, {}).items() if name not in untold}
        for metric, reason in told.items():
            without.setdefault((metric, reason), []).append(entry.name)
    for (metric, reason), names in without.items():
        more = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
        write(printable(f"skipped {metric} of {', '.join(names[:_MOST_NAMED])}{more}: {reason}"))


def note_gone(folder: str | Path, gone: Mapping[str, str]) -> None:
    """Say of which runs only tables are left, which other tools read with all others."""
    if not gone:
        return
    shown = ", ".join(f"{name} (run={run})" for run, name in list(gone.items())[:_MOST_NAMED])
    more = f" and {len(gone) - _MOST_NAMED:,} more" if len(gone) > _MOST_NAMED else ""
    note(
        f"{count(len(gone), 'run')} gone or replaced, whose tables are still in {folder} and count for whoever reads "
        f"all of it: {shown}{more}; remove their folders run=…, or leave out what is gone in runs.parquet"
    )


def failed(result: RunsResult) -> int:
    """Name the runs that couldn't be analysed; the exit code that this has."""
    for name, fault in result.failed.items():
        error(f"{name}: left out: {fault}")
    return DATA_AT_FAULT


def _as_json(result: RunsResult) -> dict[str, Any]:
    from dataclasses import asdict

    summaries, lacking = result.summaries(), result.lacking()
    return {
        "folder": str(result.folder),
        "runs": {
            entry.name: {
                "run": entry.run,
                "summary": [asdict(row) for row in summaries.get(entry.run, [])],
                "skipped": lacking.get(entry.run, {}),
            }
            for entry in result.entries
        },
        "tables": list(result),
        "failed": result.failed,
        "gone": result.gone,
        "skipped": result.skipped,
    }
