"""`compare`: runs side by side, from tables that are there and from such as are made now."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from typing import TYPE_CHECKING, Any

from sparsey_trace.comparing.comparison import Comparison
from sparsey_trace.comparing.many_runs import ManyComparison, figures_of_runs
from sparsey_trace.comparing.run_figures import figures_of_folder, figures_of_trace
from sparsey_trace.errors import TraceError, UsageError
from sparsey_trace.replay.find_or_make import Question
from sparsey_trace.replay.results_place import results_at
from sparsey_trace.runs.results_to_read import results_to_read
from sparsey_trace.runs.runs import Runs
from sparsey_trace.runs.runs_result import RunsResult
from sparsey_trace.support.user_path import is_url, user_path
from sparsey_trace.trace.reading.open_trace import open_trace
from sparsey_trace.trace.reading.trace import Trace

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from sparsey_trace.metrics.base import Metric
    from sparsey_trace.trace.reading.sources import Source


def compare(
    runs: Sequence[Source | Trace] | Runs | RunsResult,
    *,
    metrics: Iterable[str | Metric[Any]] | None = None,
    resolution: str = "step",
    reduction: str | None = None,
    n_jobs: int = 1,
    progress_bar: bool = False,
) -> Comparison:
    """Put runs side by side: per metric, phase and layer what each came to, and whose is best.

    Tables that an analysis has left in RUN.metrics are used where they fit: those of the same trace as
    long as it is now, the same metric, parameters, resolution and reduction. The others are made now and
    stay there; where that would replace a table that answers another question, they don't.

    Args:
        runs: at least two: traces as `analyze` takes them, or folders of tables, as RUN.metrics, also at URLs. The
            others are compared with the first. Or many runs, as `open_runs` gives them, which are analysed as its
            `analyze` does, or the result of that: of these the comparison is a ManyComparison, with a row for each run.
        metrics: names, or metrics with parameters; all by default.
        resolution: of the tables that are used or made; figures don't depend on it.
        reduction: of these tables too; see `analyze`.
        n_jobs: how many jobs, each a thread; -1 for one on each core.
        progress_bar: show progress on standard error.

    Raises:
        UsageError: fewer than two runs, one given twice, or an unknown metric, resolution or reduction.
        TraceError: a run can't be read, has no metric that can be computed, or shares none with another.
    """
    metrics = None if metrics is None else list(metrics)
    if isinstance(runs, Runs):
        asked: dict[str, Any] = {"metrics": metrics, "resolution": resolution, "reduction": reduction}
        runs = results_to_read(runs, **asked, n_jobs=n_jobs, progress_bar=progress_bar)
    if isinstance(runs, RunsResult):
        return compare_many(runs, metrics)
    question = Question.about(
        metrics,
        resolution=resolution,
        reduction=reduction,
        n_jobs=n_jobs,
        progress_bar=progress_bar,
    )
    if isinstance(runs, (str, os.PathLike)) or len(runs) < 2:
        found = repr(runs) if isinstance(runs, (str, os.PathLike)) else len(runs)
        msg = f"runs: expected two or more to compare, found {found}"
        raise UsageError(msg)
    with contextlib.ExitStack() as stack:
        # All first: what can't be read is known before anything is computed.
        opened = [_opened(run, stack) for run in runs]
        check_distinct([(run.id, str(run.path)) for run in opened if isinstance(run, Trace)])
        figures = [
            figures_of_trace(run, question) if isinstance(run, Trace) else figures_of_folder(run, question)
            for run in opened
        ]
    check_distinct([(run.trace, run.name) for run in figures])
    comparison = Comparison(figures)
    _check_shared(comparison)
    return comparison


def compare_many(result: RunsResult, metrics: Sequence[str | Metric[Any]] | None) -> ManyComparison:
    """The comparison of many runs that are analysed.

    Args:
        result: of many runs.
        metrics: those that count; None for all.

    Raises:
        TraceError: fewer than two have figures.
    """
    names = None if metrics is None else [one if isinstance(one, str) else one.name for one in metrics]
    entries, figures = figures_of_runs(result, names)
    if len(figures) < 2:
        msg = f"{result.folder}: expected two analysed runs or more to compare, found {len(figures)}"
        raise TraceError(msg)
    compared = {entry.run for entry in entries}
    rest = [one.name for one in result.entries if one.run not in compared and one.name not in result.failed]
    return ManyComparison(entries, figures, result.failed, rest)


def _opened(run: Source | Trace, stack: contextlib.ExitStack) -> Trace | Path:
    if isinstance(run, Trace):
        return run
    if isinstance(run, str) and is_url(run):
        return results_at(run) or stack.enter_context(open_trace(run))
    if isinstance(run, (str, os.PathLike)) and user_path(run).is_dir():
        return user_path(run)
    return stack.enter_context(open_trace(run))


def check_distinct(runs: Iterable[tuple[str, str]]) -> None:
    """See that no run was given twice.

    Args:
        runs: of each the trace's id, and what it is called.

    Raises:
        UsageError: one was.
    """
    known: dict[str, str] = {}
    for trace, run in runs:
        if trace in known:
            msg = f"{run}: expected another run than {known[trace]}, found the same trace"
            raise UsageError(msg)
        known[trace] = run


def _check_shared(comparison: Comparison) -> None:
    counts = Counter((one.metric, one.phase, one.layer) for one in comparison.figures)
    if not counts or max(counts.values()) < 2:
        runs = ", ".join(run.name for run in comparison.runs)
        msg = (
            f"{runs}: expected runs that share a metric and a layer, found none shared "
            f"({'; '.join(comparison.remarks) or 'no run has a figure of these'})"
        )
        raise TraceError(msg)
