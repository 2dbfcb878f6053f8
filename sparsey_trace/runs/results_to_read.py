"""Results of many runs for who only reads them: where nothing may be written beside the runs, that is no hindrance."""

from __future__ import annotations

import errno
import shutil
import tempfile
import warnings
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sparsey_trace.errors import CacheWarning, OutputError
from sparsey_trace.runs.analysed import is_current, key_of, read_analysed
from sparsey_trace.runs.analyze_runs import ManyMetrics
from sparsey_trace.runs.catalogue_file import NAME, read_catalogue
from sparsey_trace.runs.keeping import gone_of
from sparsey_trace.runs.question import check_question
from sparsey_trace.runs.runs_result import RunsResult, is_runs_folder

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sparsey_trace.metrics.base import Metric
    from sparsey_trace.runs.runs import Runs

_NOT_ALLOWED = (errno.EACCES, errno.EPERM, errno.EROFS)


def results_to_read(
    runs: Runs,
    *,
    metrics: Iterable[str | Metric[Any]] | None = None,
    resolution: str = "step",
    reduction: str | None = None,
    n_jobs: int = 1,
    progress_bar: bool = False,
) -> RunsResult:
    """What an analysis of many runs comes to, kept beside them where that is allowed.

    Where it isn't, what is there is taken if it is all of now; else it is made in a temporary folder, which a
    CacheWarning says, and which lives as long as the result. Arguments as of `Runs.analyze`.

    Raises:
        UsageError: an unknown metric, parameter, resolution or reduction.
        TraceError: there is no run that can be analysed.
        OutputError: there are tables of another form, another analysis is at work there, or the disk is full.
    """
    metrics = None if metrics is None else list(metrics)
    form: dict[str, Any] = {"resolution": resolution, "reduction": reduction}
    work: dict[str, Any] = {"n_jobs": n_jobs, "progress_bar": progress_bar}
    try:
        return runs.analyze(metrics=metrics, **form, **work)
    except OutputError as error:
        if not _is_forbidden(error):
            raise
        if known := _known(runs, ManyMetrics.of(metrics, **form)):
            return known
        warnings.warn(
            f"results aren't kept: {error}; make them elsewhere, by `analyze --runs` with -o, and name that folder",
            CacheWarning,
            stacklevel=3,
        )
    folder = Path(tempfile.mkdtemp(prefix="sparsey-trace-"))
    try:
        result = runs.analyze(metrics=metrics, **form, **work, out=folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    weakref.finalize(result, shutil.rmtree, folder, ignore_errors=True)
    return result


def _is_forbidden(error: BaseException | None) -> bool:
    while error is not None and getattr(error, "errno", None) not in _NOT_ALLOWED:
        error = error.__cause__
    return error is not None


def _known(runs: Runs, asked: ManyMetrics) -> RunsResult | None:
    """What is there already, if nothing is missing."""
    folder, entries = runs.folder, runs.known()
    if not is_runs_folder(folder):
        return None
    check_question(folder, asked.metrics, **asked.form)
    keys = [(metric.name, key_of(metric, **asked.form)) for metric in asked.metrics]
    for entry in (entry for entry in entries if entry.is_readable):
        known = read_analysed(folder, entry.run)
        if not all(is_current(folder, entry, name, key, known) for name, key in keys):
            return None
    gone = gone_of(read_catalogue(folder / NAME))
    return RunsResult(folder, entries, failed=runs.broken(), skipped=asked.skipped, gone=gone)
