"""One run of a comparison: its figures, from tables that are there or that are made now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sparsey_trace.errors import TraceError, said_by_url
from sparsey_trace.replay.choose import OF_VALUES
from sparsey_trace.replay.find_or_make import misfits, tables_of
from sparsey_trace.replay.result import Result
from sparsey_trace.tables.names import paths_of
from sparsey_trace.tables.open_table import num_rows
from sparsey_trace.tables.provenance import provenance_in
from sparsey_trace.tables.summary import summary_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from sparsey_trace.layout import LayerLayout
    from sparsey_trace.metrics.base import Best, Metric
    from sparsey_trace.replay.find_or_make import Question, Tables
    from sparsey_trace.tables.fit import Misfit
    from sparsey_trace.tables.summary import SummaryRow
    from sparsey_trace.trace.reading.trace import Trace


@dataclass(frozen=True, kw_only=True)
class RunFigures:
    """A run and its figures.

    Attributes:
        name: what it is called: the trace's path, or the folder's.
        trace: the trace's id.
        samples: how many samples the figures are of.
        layers: the trace's layers; empty where only tables are there, which don't know their shapes.
        summary: what the run came to.
        best: metric of a summary to whether its lowest or its highest value is better.
        figureless: metrics whose tables have rows, and come to no figure, such as a curve.
        skipped: metric to why it isn't there.
        remarks: lines on what a reader should know of the figures.
    """

    name: str
    trace: str
    samples: int
    layers: Sequence[LayerLayout]
    summary: Sequence[SummaryRow]
    best: dict[str, Best]
    figureless: frozenset[str] = frozenset()
    skipped: dict[str, str]
    remarks: Sequence[str]

    @property
    def names(self) -> dict[int, str]:
        """What its layers are called, by number."""
        if self.layers:
            return {number: layer.name for number, layer in enumerate(self.layers)}
        return {row.layer: row.layer_name or str(row.layer) for row in self.summary if row.layer is not None}


def figures_of_trace(trace: Trace, question: Question) -> RunFigures:
    """A trace's figures. Tables in its RUN.metrics are used where they fit; the others are made now.

    Raises:
        TraceError: the trace is damaged or empty, or none of the metrics can be computed.
    """
    return figures_of_tables(trace, tables_of(trace, question), name=said_by_url(str(trace.path)))


def figures_of_tables(trace: Trace, tables: Tables, *, name: str) -> RunFigures:
    """The figures of tables that were found or made, of a run that is called so."""
    about = {"name": name, "trace": trace.id, "samples": len(trace)}
    return _figures(tables.result, layers=trace.layout.layers, remarks=tables.remarks, **about)


def figures_of_folder(folder: Path, question: Question) -> RunFigures:
    """The figures of a folder of tables that an analysis wrote; nothing is computed.

    Raises:
        TraceError: it holds no tables that fit, or those of several traces or lengths.
    """
    others = misfits(folder, question.metrics, question)
    if not question.named:
        others = {name: other for name, other in others.items() if other.is_other or name not in OF_VALUES}
    fitting = [
        metric for metric in question.metrics if metric.name not in others and _is_there(folder, metric)
    ]
    if not fitting:
        found = _said(folder, others.values())
        msg = f"{folder}: expected a trace, or a folder with tables that fit, found {found}"
        raise TraceError(msg)
    paths = paths_of(folder, fitting)
    sources = {(made["trace"], made["samples"]) for made in map(provenance_in, paths.values()) if made}
    if len(sources) > 1:
        msg = (
            f"{folder}: expected tables of one trace at one length, found {len(sources)} of these; "
            "analyse the trace anew"
        )
        raise TraceError(msg)
    ((trace, samples),) = sources
    skipped = {name: f"found {other.why}" for name, other in others.items()}
    result = Result(paths, skipped={**question.skipped, **skipped})
    return _figures(result, name=str(folder), trace=trace, samples=samples, layers=(), remarks=[])


def _is_there(folder: Path, metric: Metric[Any]) -> bool:
    return all(path.exists() for path in paths_of(folder, [metric]).values())


def _said(folder: Path, misfits: Iterable[Misfit]) -> str:
    if not any(provenance_in(path) for path in folder.glob("*.parquet")):
        return "a folder without tables"
    return "; ".join(dict.fromkeys(found.why for found in misfits))


def _figures(result: Result, *, remarks: list[str], **about: Any) -> RunFigures:
    run = about["name"]
    gaps = [f"{run}: {result.gaps}"] if result.gaps else []
    notes = [f"{run}: {name}: {note}" for name, notes in result.notes.items() for note in notes]
    summary = result.summary_rows()
    best = {name: _best_of(path) for name, path in result.paths.items()}
    for name, path in result.paths.items():
        best |= {row.metric: best[name] for row in summary_in(path) or ()}
    told = {row.metric for row in summary}
    return RunFigures(
        summary=summary,
        best=best,
        figureless=frozenset(
            name for name, path in result.paths.items() if name not in told and num_rows(path)
        ),
        skipped=result.skipped,
        remarks=[*remarks, *gaps, *notes],
        **about,
    )


def _best_of(path: Path) -> Best:
    """Whether the lowest or the highest of a table's values is better, by its metric."""
    return "lowest" if (provenance_in(path) or {}).get("best") == "lowest" else "highest"
