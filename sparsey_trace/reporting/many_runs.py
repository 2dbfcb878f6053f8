"""A report of many runs: a table and a chart of all of them, and curves of a few that are picked."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from sparsey_trace.charts.over_runs.base import ALL_RUNS
from sparsey_trace.charts.over_runs.catalogue import RUNS_CHARTS
from sparsey_trace.errors import TraceError, UsageError, url_of
from sparsey_trace.metrics.match_accuracy import MatchAccuracy
from sparsey_trace.replay.find_or_make import Question, tables_of
from sparsey_trace.reporting.alike_inputs import on_alone
from sparsey_trace.reporting.all_findings import all_findings
from sparsey_trace.reporting.finding import Finding
from sparsey_trace.reporting.pages import page
from sparsey_trace.reporting.runs import report_runs, views_of
from sparsey_trace.reporting.sections import Section, sections
from sparsey_trace.reporting.tables import Table, facts_of, summary_of
from sparsey_trace.runs.analysed import work_folder
from sparsey_trace.support.printable import count
from sparsey_trace.support.suggest import unknown
from sparsey_trace.trace.reading.open_trace import open_trace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sparsey_trace.charts.over_runs.base import RunColumns
    from sparsey_trace.comparing.many_runs import ManyComparison
    from sparsey_trace.reporting.runs import ReportRun
    from sparsey_trace.runs.entry import Entry
    from sparsey_trace.runs.runs_result import RunsResult
    from sparsey_trace.trace.reading.trace import Trace

PICKED = 4
"""So many runs, the best, have curves where none are named."""

_FOLDED = 60
"""Runs; a longer table is folded."""


def many_page(
    result: RunsResult,
    comparison: ManyComparison,
    *,
    pick: Sequence[str] | None,
    most: int,
    generator: str,
    n_jobs: int,
) -> bytes:
    """The report's bytes.

    Args:
        result: the runs' tables.
        comparison: their figures.
        pick: the names of those that have curves; by default the best few.
        most: how many may be picked.
        generator: what makes the page, without its version.
        n_jobs: how many threads compute what charts need beyond the tables.

    Raises:
        UsageError: too many are picked, or one that there isn't.
        TraceError: of a run that is picked the trace can't be read.
    """
    entries = _picked(comparison, pick, most)
    with contextlib.ExitStack() as stack:
        found = [(stack.enter_context(_opened(entry)), entry) for entry in entries]
        runs = _runs(found, result, n_jobs)
        return page(
            [run.name for run in runs],
            [_all_runs(comparison), *(sections(views_of(runs)) if runs else [])],
            generator=generator,
            findings=[
                *_findings(comparison, result.folder.absolute().parent, runs),
                *(all_findings(runs) if runs else []),
            ],
            facts=[_table(comparison), *(facts_of(runs) if runs else [])],
            summary=summary_of(runs) if runs else {"tables": [], "lines": []},
            title=f"{count(len(comparison.runs), 'run')} in {_where(result)}",
        )


def _where(result: RunsResult) -> str:
    """The name of the folder that the results lie in; where they were made in a store, of the runs' own."""
    if url_of(str(result.folder)) is None:
        return result.folder.absolute().parent.name
    return Path(os.path.commonpath([file.folder for entry in result.entries for file in entry.files])).name


def _picked(comparison: ManyComparison, pick: Sequence[str] | None, most: int) -> list[Entry]:
    by_name = {entry.name: entry for entry in comparison.entries}
    if pick is None:
        best = [comparison.entries[number] for number in comparison.columns.best_first()]
        return [entry for entry in best if entry.is_readable][:PICKED]
    if len(pick) > most:
        msg = f"pick: expected at most {most} runs, as more curves can't be told apart, found {len(pick)}"
        raise UsageError(msg)
    for name in pick:
        if name not in by_name:
            raise UsageError(unknown("pick", name, by_name))
    return [by_name[name] for name in dict.fromkeys(pick)]


def _opened(entry: Entry) -> Trace:
    trace = open_trace(entry.source)
    if trace.id != entry.run:
        trace.close()
        msg = f"{trace.path}: expected the trace that was analysed, found another; analyse the runs anew"
        raise TraceError(msg)
    return trace


def _runs(found: Sequence[tuple[Trace, Entry]], result: RunsResult, n_jobs: int) -> list[ReportRun]:
    if not found:
        return []
    question = Question.about(None, n_jobs=n_jobs, progress_bar=False)
    tables = [
        (trace, tables_of(trace, question, work_folder(result.folder, entry.run))) for trace, entry in found
    ]
    return report_runs(tables, n_jobs=n_jobs)


def _all_runs(comparison: ManyComparison) -> Section:
    """The section that shows all runs at once."""
    added = [chart.in_report(comparison.columns) for chart in RUNS_CHARTS.values()]
    return Section(
        name=ALL_RUNS.name,
        title=ALL_RUNS.title,
        meaning=[line for one in added for line in one.meaning],
        key=[],
        groups=[group for one in added for group in one.groups],
        notes=[line for one in added for line in (*one.missing, *one.thinned)],
    )


def _table(comparison: ManyComparison) -> Table:
    sheet = comparison.sheet()
    return Table(
        caption="All runs: means over the MACs of a layer, and over layers; * marks the best",
        heads=sheet.heads,
        rows=sheet.rows,
        numbers=[number for number, head in enumerate(sheet.heads) if head in sheet.numbers],
        is_long=len(sheet.rows) > _FOLDED,
    )


def _findings(comparison: ManyComparison, folder: Path, runs: Sequence[ReportRun]) -> list[Finding]:
    """How many runs there are, which is best, and which are missing."""
    columns = comparison.columns
    found = [Finding(about="How many runs are there?", answers=[_how_many(comparison)])]
    if columns.main is not None and (best := columns.best_first()):
        answers = [_best(columns, best), *_caveat(columns.main, comparison.entries[best[0]], runs)]
        found.append(Finding(about=f"Which is best in {columns.main}?", answers=answers))
    if comparison.remarks:
        # Folders are nobody's business who gets the report.
        said = [line.replace(f"{folder}{os.sep}", "") for line in comparison.remarks]
        found.append(Finding(about="Which runs are missing?", answers=said))
    return found


def _caveat(main: str, best: Entry, runs: Sequence[ReportRun]) -> list[str]:
    """What keeps the main figure from telling what it seems to; of the best run, where it has curves."""
    if not main.startswith(MatchAccuracy.name):
        return []
    return [line for run in runs if run.trace.id == best.run for line in on_alone(run)]


def _best(columns: RunColumns, best: Sequence[int]) -> str:
    values, chances = columns.figures[columns.main or ""], columns.main_chances
    if chances is not None:
        first = best[0]
        said = f"{values[first]:.4g} (by chance {chances[first]:.4g})"
        return f"{columns.names[first]}, with {said}, the furthest above chance of {count(len(best), 'run')}."
    equal = [number for number in best if values[number] == values[best[0]]]
    others = f" and {count(len(equal) - 1, 'other')}" if len(equal) > 1 else ""
    way = columns.better[columns.main or ""]
    return f"{columns.names[best[0]]}{others}, with {values[best[0]]:.4g}, the {way} of {count(len(best), 'run')}."


def _how_many(comparison: ManyComparison) -> str:
    keys = ", ".join(comparison.keys)
    differ = f"; their configurations differ in {keys}" if keys else "; their configurations don't differ"
    return f"{count(len(comparison.runs), 'run')} with figures{differ}."
