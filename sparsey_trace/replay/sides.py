"""One run of a comparison: its figures, from tables that are there or that are made now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from sparsey_trace.errors import OutputError, TraceError
from sparsey_trace.replay.analyze import analyze
from sparsey_trace.replay.cache import Cache
from sparsey_trace.replay.choosing import computable
from sparsey_trace.replay.curves import areas
from sparsey_trace.replay.earlier import Misfit, default_folder, made_as, misfit, table_names
from sparsey_trace.replay.result import Result
from sparsey_trace.replay.summary import best_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from sparsey_trace.layout import LayerLayout
    from sparsey_trace.metrics.base import Best, Metric
    from sparsey_trace.replay.summary import Line
    from sparsey_trace.trace.reader import Trace


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked of every run.

    Attributes:
        metrics: configured for the resolution and the reduction.
        skipped: metrics that were not asked for in this form, and why.
        resolution: see docs/metrics.md.
        reduction: see docs/metrics.md.
        n_jobs: how many processes.
        progress_bar: whether to show progress.
    """

    metrics: Sequence[Metric[Any]]
    skipped: dict[str, str]
    resolution: str
    reduction: str | None
    n_jobs: int
    progress_bar: bool


@dataclass(frozen=True, kw_only=True)
class Side:
    """A run and its figures.

    Attributes:
        run: what it is called: the trace's path, or the folder's.
        trace: the trace's id.
        samples: how many samples the figures are of.
        layers: the trace's layers; empty where only tables are there, which don't know their names.
        lines: last and best of each table and layer.
        areas: table and layer to the area under the curve, where there is one.
        best: table to whether its lowest or its highest value is best.
        skipped: metric to why it isn't there.
        remarks: lines on what a reader should know of the figures.
    """

    run: str
    trace: str
    samples: int
    layers: Sequence[LayerLayout]
    lines: Sequence[Line]
    areas: dict[tuple[str, int | None], float]
    best: dict[str, Best]
    skipped: dict[str, str]
    remarks: Sequence[str]


def side_of_trace(trace: Trace, question: Question) -> Side:
    """A trace's figures. Tables in its RUN.metrics are used where they fit; the others are made now.

    Raises:
        TraceError: the trace is damaged or empty, or none of the metrics can be computed.
    """
    folder = default_folder(*trace.paths)
    wanted, lacking = computable(list(question.metrics), trace)
    misfits = _misfits(folder, wanted, question, trace=trace)
    # Held until the figures are read: tables that aren't kept live as long as their result.
    made, remarks = _made(trace, folder, misfits, question)
    paths = _paths(folder, wanted) | made.paths
    result = Result(paths, skipped={**question.skipped, **lacking})
    about = {"run": str(trace.path), "trace": trace.id, "samples": len(trace)}
    return _side(result, layers=trace.layout.layers, remarks=remarks, **about)


def side_of_folder(folder: Path, question: Question) -> Side:
    """The figures of a folder of tables that an analysis wrote; nothing is computed.

    Raises:
        TraceError: it holds no tables that fit, or those of several traces or lengths.
    """
    misfits = _misfits(folder, question.metrics, question)
    fitting = [metric for metric in question.metrics if metric.name not in misfits]
    if not fitting:
        found = _said(folder, misfits.values())
        msg = f"{folder}: expected a trace, or a folder with tables that fit, found {found}"
        raise TraceError(msg)
    paths = _paths(folder, fitting)
    sources = {(made["trace"], made["samples"]) for made in map(made_as, paths.values()) if made}
    if len(sources) > 1:
        msg = (
            f"{folder}: expected tables of one trace at one length, found {len(sources)} of these; "
            "analyse the trace anew"
        )
        raise TraceError(msg)
    ((trace, samples),) = sources
    skipped = {name: f"found {found.why}" for name, found in misfits.items()}
    result = Result(paths, skipped={**question.skipped, **skipped})
    return _side(result, run=str(folder), trace=trace, samples=samples, layers=(), remarks=[])


def _misfits(
    folder: Path, metrics: Sequence[Metric[Any]], question: Question, *, trace: Trace | None = None
) -> dict[str, Misfit]:
    """Metric to what stands against its tables, where something does."""
    asked: dict[str, Any] = {"resolution": question.resolution, "reduction": question.reduction}
    found = {metric.name: misfit(folder, metric, **asked, trace=trace) for metric in metrics}
    if trace is not None:
        # Tables that seem to fit are used if they are whole, as `analyze` would use them.
        cache = Cache(folder, trace, **asked, used=True)
        for metric in (metric for metric in metrics if found[metric.name] is None):
            known = cache.tables(metric)
            found[metric.name] = None if known.whole else Misfit(why=known.why, is_other=False)
    return {name: what for name, what in found.items() if what is not None}


def _paths(folder: Path, metrics: Iterable[Metric[Any]]) -> dict[str, Path]:
    return {name: folder / f"{name}.parquet" for metric in metrics for name in table_names(metric)}


def _said(folder: Path, misfits: Iterable[Misfit]) -> str:
    if not any(made_as(path) for path in folder.glob("*.parquet")):
        return "a folder without tables"
    return "; ".join(dict.fromkeys(found.why for found in misfits))


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


def _side(result: Result, *, remarks: list[str], **about: Any) -> Side:
    run = about["run"]
    gaps = [f"{run}: {result.gaps}"] if result.gaps else []
    notes = [f"{run}: {name}: {line}" for name, lines in result.notes.items() for line in lines]
    return Side(
        lines=result.summary(),
        areas={
            (name, layer): area for name, path in result.paths.items() for layer, area in areas(path).items()
        },
        best={name: best_of(pq.read_schema(path)) for name, path in result.paths.items()},
        skipped=result.skipped,
        remarks=[*remarks, *gaps, *notes],
        **about,
    )
