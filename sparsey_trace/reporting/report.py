"""`report`: one HTML file of one run or of several, that needs nothing but a browser."""

from __future__ import annotations

import contextlib
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from sparsey_trace.comparing.compare import check_distinct, compare_many
from sparsey_trace.errors import CacheWarning, OutputError, UsageError, url_of
from sparsey_trace.replay.find_or_make import Question, tables_of
from sparsey_trace.replay.results_place import results_folder
from sparsey_trace.runs.results_to_read import results_to_read
from sparsey_trace.runs.runs import Runs
from sparsey_trace.runs.runs_result import RunsResult
from sparsey_trace.support.extras import require
from sparsey_trace.support.progress import progress
from sparsey_trace.support.user_path import url_named, user_path
from sparsey_trace.support.writing import check_no_file, write_whole, writing
from sparsey_trace.trace.paths import default_name
from sparsey_trace.trace.reading.open_trace import open_trace
from sparsey_trace.trace.reading.trace import Trace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sparsey_trace.trace.reading.sources import Source

MOST_RUNS = 8
"""More can't be told apart."""

GENERATOR = "sparsey-trace report"
"""What tells a report from other files."""


def report(
    runs: Source | Trace | Sequence[Source | Trace] | Runs | RunsResult,
    out: str | os.PathLike[str] | None = None,
    *,
    overwrite: bool = False,
    tables: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None = None,
    pick: Sequence[str] | None = None,
    n_jobs: int = 1,
    progress_bar: bool = False,
) -> Path:
    """Make one HTML file that shows a run, or several runs on top of each other.

    It holds everything that it shows, and asks no network for anything: it can be mailed, archived and opened
    anywhere. The same traces give the same bytes. Tables that an analysis left are used where they fit; the others
    are computed, and stay there, but where that would replace a table that answers another question.

    Args:
        runs: a trace as `open_trace` takes it, or an open one; or a list of up to eight such, which are
            compared. A run of several files is one by a pattern, or by a list in the list. Or many runs, as `open_runs`
            gives them or its `analyze`: a table and a chart of all, and curves of those that are picked.
        out: the file to make; by default RUN.html beside the trace, A-B.html of several runs, and runs.html in the
            folder of many.
        overwrite: replace whatever is there; an earlier report is replaced without.
        tables: the folder that `analyze` wrote, where it isn't RUN.metrics; of several runs a folder for each. Also at
            a URL, where nothing is changed.
        pick: of many runs, the names of up to eight that have curves; by default the four best.
        n_jobs: how many threads; -1 for one on each core.
        progress_bar: show progress on standard error.

    Returns:
        The file.

    Raises:
        UsageError: no runs, too many, one given twice, or not a folder of tables for each; or Plotly or Jinja2 isn't
            installed.
        TraceError: a run can't be read, is empty, or has no metric that can be computed.
        OutputError: another file is there, or it can't be written; or `tables` holds something else.
    """
    check_installed()
    if isinstance(runs, (Runs, RunsResult)):
        if tables is not None:
            msg = (
                "tables: expected none with many runs, which have one folder of results; give its RunsResult"
            )
            raise UsageError(msg)
        return _of_many(runs, out, overwrite=overwrite, pick=pick, n_jobs=n_jobs, progress_bar=progress_bar)
    if pick is not None:
        msg = "pick: expected it with many runs only, from open_runs; on the command line with --runs"
        raise UsageError(msg)
    named = [runs] if isinstance(runs, (str, os.PathLike, Trace)) else list(runs)
    if not 1 <= len(named) <= MOST_RUNS:
        msg = f"runs: expected 1 to {MOST_RUNS} runs, found {len(named)}"
        raise UsageError(msg)
    with contextlib.ExitStack() as stack:
        traces = [run if isinstance(run, Trace) else stack.enter_context(open_trace(run)) for run in named]
        check_distinct([(trace.id, str(trace.path)) for trace in traces])
        path = default_path(traces) if out is None else user_path(out)
        check_free(path, overwrite=overwrite)
        folders = _folders(tables, len(traces))
        write_whole(path, _made(traces, folders, n_jobs=n_jobs, progress_bar=progress_bar))
    return path


def _of_many(
    runs: Runs | RunsResult,
    out: str | os.PathLike[str] | None,
    *,
    overwrite: bool,
    pick: Sequence[str] | None,
    n_jobs: int,
    progress_bar: bool,
) -> Path:
    """Make the report of many runs; see `report`."""
    from sparsey_trace.reporting.many_runs import many_page

    path = _default_of_many(runs.folder) if out is None else user_path(out)
    check_free(path, overwrite=overwrite)
    if isinstance(runs, Runs):
        runs = results_to_read(runs, n_jobs=n_jobs, progress_bar=progress_bar)
    comparison = compare_many(runs, None)
    content = many_page(runs, comparison, pick=pick, most=MOST_RUNS, generator=GENERATOR, n_jobs=n_jobs)
    write_whole(path, content)
    return path


def _default_of_many(results: Path) -> Path:
    """Beside the results; of those in a store in the current folder."""
    is_elsewhere = url_named(results) or url_of(str(results))
    return Path("runs.html") if is_elsewhere else results.parent / "runs.html"


def default_path(traces: Sequence[Trace]) -> Path:
    """Where a report goes unless told otherwise.

    Beside the trace; of several, beside the first, by the names of all.
    """
    names = [default_name(trace.paths) for trace in traces]
    joined = "-".join(name.name for name in names)
    return names[0].with_name(f"{joined if len(joined) < 100 else names[0].name + '-and-others'}.html")


def check_installed() -> None:
    """See that what a report is made with is there.

    Raises:
        UsageError: it isn't.
    """
    require("plotly", "jinja2", what="report", extra="report")


def _folders(
    tables: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None, runs: int
) -> list[Path | None]:
    """The folder of tables of each run."""
    if tables is None:
        return [None] * runs
    named = [tables] if isinstance(tables, (str, os.PathLike)) else list(tables)
    if len(named) != runs:
        msg = f"tables: expected a folder for each run, {runs} in all, found {len(named)}"
        raise UsageError(msg)
    return [results_folder(name) for name in named]


def _made(
    traces: Sequence[Trace], folders: Sequence[Path | None], *, n_jobs: int, progress_bar: bool
) -> bytes:
    """The report's bytes."""
    from sparsey_trace.reporting.all_findings import all_findings
    from sparsey_trace.reporting.pages import page
    from sparsey_trace.reporting.runs import report_runs, views_of
    from sparsey_trace.reporting.sections import HEADINGS, sections
    from sparsey_trace.reporting.tables import facts_of, summary_of

    question = Question.about(None, n_jobs=n_jobs, progress_bar=progress_bar)
    found = [
        (trace, tables_of(trace, question, folder)) for trace, folder in zip(traces, folders, strict=True)
    ]
    for remark in (remark for _, tables in found for remark in tables.remarks):
        warnings.warn(remark, CacheWarning, stacklevel=3)
    runs = report_runs(found, n_jobs=n_jobs)
    shown = []
    with progress("drawing", unit="sections", shown=progress_bar) as show:
        for done, section in enumerate(sections(views_of(runs)), start=1):
            shown.append(section)
            show(done, len(HEADINGS))
    names = [run.name for run in runs]
    return page(
        names,
        shown,
        generator=GENERATOR,
        findings=all_findings(runs),
        facts=facts_of(runs),
        summary=summary_of(runs),
    )


def check_free(path: Path, *, overwrite: bool = False) -> None:
    """See that nothing but an earlier report would be replaced, by a file that a browser knows as one.

    Raises:
        UsageError: the name has another ending.
        OutputError: something else would be replaced.
    """
    if path.suffix.lower() not in (".html", ".htm") and not path.is_dir():
        msg = f"{path}: expected a name that ends in .html, found {path.suffix or 'no ending'}"
        raise UsageError(msg)
    if path.is_dir() or overwrite or not path.exists():
        check_no_file(path, overwrite=overwrite)
        return
    with writing(path), path.open("rb") as file:
        head = file.read(1024)
    if f'name="generator" content="{GENERATOR}'.encode() not in head:
        msg = (
            f"{path}: expected no file there, or an earlier report, found another file; "
            "choose another name with -o, or replace it with --overwrite"
        )
        raise OutputError(msg)
