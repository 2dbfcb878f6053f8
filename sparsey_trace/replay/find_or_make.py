"""The tables that answer a question about a trace: those that an analysis has left, and those made now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sparsey_trace.errors import OutputError
from sparsey_trace.replay.analyze import analyze, by_sample
from sparsey_trace.replay.cache.cache import Cache
from sparsey_trace.replay.choose import choose, computable, told
from sparsey_trace.replay.result import Result, origin_of
from sparsey_trace.replay.results_folder import check_folder
from sparsey_trace.tables.fit import Misfit, misfit
from sparsey_trace.tables.manifest import table_at
from sparsey_trace.tables.names import paths_of
from sparsey_trace.tables.provenance import provenance_in
from sparsey_trace.trace.paths import default_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from sparsey_trace.metrics.base import Metric
    from sparsey_trace.trace.reading.trace import Trace


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked of every run.

    Attributes:
        metrics: configured for the resolution and the reduction.
        skipped: metrics that were not asked for in this form, and why.
        resolution: see docs/metrics.md.
        reduction: see docs/metrics.md.
        n_jobs: how many jobs, each a thread.
        progress_bar: whether to show progress.
        named: whether metrics were asked for by name.
    """

    metrics: Sequence[Metric[Any]]
    skipped: dict[str, str]
    resolution: str
    reduction: str | None
    n_jobs: int
    progress_bar: bool
    named: bool = True

    @classmethod
    def about(
        cls,
        metrics: Iterable[str | Metric[Any]] | None,
        *,
        resolution: str = "step",
        reduction: str | None = None,
        n_jobs: int,
        progress_bar: bool,
    ) -> Question:
        """What is asked with names, or metrics with parameters; all built in where none are named.

        Raises:
            UsageError: an unknown metric, parameter, resolution or reduction.
        """
        chosen, skipped = choose(metrics, resolution=resolution, reduction=reduction)
        return cls(
            metrics=chosen,
            skipped=skipped,
            resolution=resolution,
            reduction=reduction,
            n_jobs=n_jobs,
            progress_bar=progress_bar,
            named=metrics is not None,
        )


@dataclass(frozen=True, kw_only=True)
class Tables:
    """What was found and made.

    Attributes:
        result: all tables together.
        remarks: lines on tables that couldn't stay in the folder.
        made: those made now; what wasn't kept lives as long as this.
    """

    result: Result
    remarks: list[str]
    made: Result


def tables_of(trace: Trace, question: Question, folder: Path | None = None) -> Tables:
    """A trace's tables. Those in its folder are used where they fit; the others are made now.

    They stay there, but where that would replace a table that answers another question.

    Args:
        trace: open.
        question: what is asked of it.
        folder: where `analyze` wrote, or would write; RUN.metrics by default.

    Raises:
        TraceError: the trace is damaged or empty, or none of the metrics can be computed.
        OutputError: a folder was named that holds something else than results of this trace.
    """
    if folder is None:
        folder = default_folder(*trace.paths)
    else:
        check_folder(folder, trace)
    wanted, lacking = computable(list(question.metrics), trace)
    made, remarks = _made(trace, folder, misfits(folder, wanted, question, trace=trace), question)
    paths = paths_of(folder, wanted) | made.paths
    skipped = {**question.skipped, **told(lacking, trace, named=question.named)}
    result = Result(paths, skipped=skipped, origin=origin_of(trace), by_sample=by_sample)
    return Tables(result=result, remarks=remarks, made=made)


def misfits(
    folder: Path, metrics: Sequence[Metric[Any]], question: Question, *, trace: Trace | None = None
) -> dict[str, Misfit]:
    """Metric to what stands against its tables, where something does."""
    asked: dict[str, Any] = {"resolution": question.resolution, "reduction": question.reduction}
    found = {metric.name: misfit(folder, metric, **asked, trace=trace) for metric in metrics}
    if trace is not None:
        # Tables that seem to fit are used if they are whole, as `analyze` would use them.
        for metric in (metric for metric in metrics if found[metric.name] is None):
            # Parts of any size will do.
            size = (provenance_in(table_at(folder, metric.name)) or {}).get("partition_size")
            known = Cache(folder, trace, **asked, used=True, partition_size=size).tables(metric)
            found[metric.name] = None if known.whole else Misfit(why=known.why, is_other=False)
    return {name: what for name, what in found.items() if what is not None}


def _made(
    trace: Trace, folder: Path, misfits: dict[str, Misfit], question: Question
) -> tuple[Result, list[str]]:
    """The tables that were missing, and a remark where they couldn't stay in the folder."""
    metrics = [metric for metric in question.metrics if metric.name in misfits]
    if not metrics:
        return Result({}, skipped={}), []
    if others := dict.fromkeys(found.why for found in misfits.values() if found.is_other):
        remark = f"{folder}: left as it is, found {'; '.join(others)}"
        return _analysis(trace, metrics, question, out=None), [remark]
    try:
        return _analysis(trace, metrics, question, out=folder), []
    except OutputError as error:
        remark = f"tables of {trace.path} were not kept: {error}"
        return _analysis(trace, metrics, question, out=None), [remark]


def _analysis(
    trace: Trace, metrics: Sequence[Metric[Any]], question: Question, *, out: Path | None
) -> Result:
    return analyze(
        trace,
        metrics=metrics,
        resolution=question.resolution,
        reduction=question.reduction,
        out=out,
        n_jobs=question.n_jobs,
        progress_bar=question.progress_bar,
    )
