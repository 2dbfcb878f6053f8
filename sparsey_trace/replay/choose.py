"""Which metrics an analysis is about, and which of them a trace can answer."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from sparsey_trace.errors import TraceError, UsageError
from sparsey_trace.metrics.base import RESOLUTIONS
from sparsey_trace.metrics.layer_value import names_of_any_layer
from sparsey_trace.metrics.reductions import REDUCTIONS
from sparsey_trace.metrics.registry import BUILT_IN, make_metric
from sparsey_trace.support.suggest import unknown
from sparsey_trace.tables.gaps import Gaps
from sparsey_trace.trace.reading.open_trace import open_trace
from sparsey_trace.trace.reading.trace import Trace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sparsey_trace.metrics.base import Metric
    from sparsey_trace.replay.engine.rows import RowBytes
    from sparsey_trace.trace.reading.sources import Source


@dataclass(frozen=True, eq=False, kw_only=True)
class Asked:
    """What an analysis is about.

    Attributes:
        trace: the open trace.
        metrics: those that can be computed, configured.
        skipped: the others, and why.
        fields: what they read of the trace.
        jobs: how many (threads; processes with engine `processes`).
        processes: in how many processes these are, with the one that drives them.
        rows: what rows take that wait to be written.
        chunk_size: how many samples are worked on at once.
    """

    trace: Trace
    metrics: list[Metric[Any]]
    skipped: dict[str, str]
    fields: frozenset[str]
    jobs: int
    processes: int
    rows: RowBytes
    chunk_size: int


@contextlib.contextmanager
def asked(
    source: Source | Trace,
    *,
    metrics: Iterable[str | Metric[Any]] | None,
    resolution: str,
    reduction: str | None,
    n_jobs: int,
    chunk_size: int | None,
    total_memory: str | int,
    engine: str = "auto",
    partition_size: int | None = None,
) -> Iterator[Asked]:
    """What the arguments of `analyze` come to; the trace is open in the with-block.

    Raises:
        UsageError: one of them is wrong.
        TraceError: no trace, a damaged or an empty one, or none of the metrics can be computed.
    """
    # Who only asks what can be computed needs no engine.
    from sparsey_trace.replay.engine.engines import jobs, processes_of
    from sparsey_trace.replay.engine.memory import chunk_samples
    from sparsey_trace.replay.engine.rows import RowBytes

    chosen, skipped = choose(metrics, resolution=resolution, reduction=reduction)
    workers = jobs(n_jobs)
    processes = processes_of(engine, workers)
    with contextlib.nullcontext(source) if isinstance(source, Trace) else open_trace(source) as trace:
        wanted, lacking = computable(chosen, trace)
        lacking = told(lacking, trace, named=metrics is not None)
        fields = frozenset().union(*map(fields_of, wanted))
        question: dict[str, Any] = {"resolution": resolution, "reduction": reduction}
        rows = RowBytes.of(wanted, trace, **question, jobs=workers, partition_size=partition_size)
        yield Asked(
            trace=trace,
            metrics=wanted,
            skipped={**skipped, **lacking},
            fields=fields,
            jobs=workers,
            processes=processes,
            rows=rows,
            chunk_size=chunk_samples(trace, fields, chunk_size, total_memory, workers, processes, rows),
        )


def choose(
    metrics: Iterable[str | Metric[Any]] | None, *, resolution: str, reduction: str | None
) -> tuple[list[Metric[Any]], dict[str, str]]:
    """The metrics to compute, and those left out of the built-in ones, where none are named, with the reason.

    Raises:
        UsageError: an unknown name, a name given twice, or a metric without that resolution or reduction.
    """
    if resolution not in RESOLUTIONS:
        raise UsageError(unknown("resolution", resolution, RESOLUTIONS))
    if reduction is not None and reduction not in REDUCTIONS:
        raise UsageError(unknown("reduction", reduction, ("none", *REDUCTIONS)))
    named = metrics is not None
    # Those of other packages have to be named: one that fails must not cost the results of ours.
    wanted = [cls() for cls in BUILT_IN] if metrics is None else metrics
    found = [m if not isinstance(m, str) else make_metric(m) for m in wanted]
    chosen: list[Metric[Any]] = []
    skipped = {}
    for metric in found:
        if any(other.name == metric.name for other in chosen):
            msg = f"metrics: expected each name once, found {metric.name} twice; run a second analysis for it"
            raise UsageError(msg)
        against = _against(metric, resolution=resolution, reduction=reduction)
        if against is None:
            chosen.append(metric.configured(resolution=resolution, reduction=reduction))
        elif named:
            msg = f"{metric.name}: {against.what}: expected {against.expected}, found {against.found!r}"
            raise UsageError(msg)
        else:
            skipped[metric.name] = f"it has no {against.what} {against.found!r}"
    return chosen, skipped


def computable(metrics: list[Metric[Any]], trace: Trace) -> tuple[list[Metric[Any]], dict[str, str]]:
    """Those that the trace holds enough for, as it decides them, and for the others what it lacks.

    Raises:
        TraceError: none can be computed, or the trace has no samples.
    """
    if not len(trace):
        msg = f"{trace.path}: expected at least one committed sample, found an empty trace"
        raise TraceError(msg)
    gaps, names = Gaps.of(trace), names_of_any_layer(trace.value_names)
    metrics = [metric.for_values(names) for metric in metrics]
    reasons = {
        metric.name: _lacking_fields(metric, trace) or metric.lacking(names) or gaps.refusal(metric)
        for metric in metrics
    }
    skipped = {name: reason for name, reason in reasons.items() if reason is not None}
    kept = [metric for metric in metrics if metric.name not in skipped]
    if not kept:
        why = "; ".join(f"{name}: {reason}" for name, reason in skipped.items()) or "no metric was asked for"
        msg = f"{trace.path}: expected a metric that can be computed, found none ({why})"
        raise TraceError(msg)
    return kept, skipped


def told(lacking: dict[str, str], trace: Trace, *, named: bool) -> dict[str, str]:
    """What is to be said of metrics that a trace lacks something for.

    Most traces have no further values of MACs, and some have several: a metric of one can't be missed in the former,
    and stands for one of them in the latter.

    Args:
        lacking: by metric, what is lacking.
        trace: the trace.
        named: whether metrics were asked for by name.
    """
    names = names_of_any_layer(trace.value_names)
    if named:
        return lacking
    said = {name: why for name, why in lacking.items() if names or name not in OF_VALUES}
    for name in OF_VALUES - lacking.keys():
        said |= {
            f"{name}:of={other}": f"{name} is of {min(names)}; ask for this one in an analysis into another folder"
            for other in names
            if other != min(names)
        }
    return said


def _lacking_fields(metric: Metric[Any], trace: Trace) -> str | None:
    fields = fields_of(metric) - trace.fields
    return f"the trace has no {' and no '.join(sorted(fields))}" if fields else None


def fields_of(metric: Metric[Any] | type[Metric[Any]]) -> frozenset[str]:
    """Everything that a metric reads of a trace, in whichever pass."""
    return metric.requires | getattr(metric, "values_require", frozenset())


OF_VALUES = frozenset(cls.name for cls in BUILT_IN if "values" in fields_of(cls))
"""The metrics of further values of MACs, which most traces don't have."""


class _Against(NamedTuple):
    """A resolution or reduction that a metric doesn't have."""

    what: str
    expected: str
    found: str | None


def _against(metric: Metric[Any], *, resolution: str, reduction: str | None) -> _Against | None:
    """What a metric lacks of what is asked for; None where it has both."""
    if resolution not in metric.resolutions:
        return _Against("resolution", ", ".join(metric.resolutions), resolution)
    if reduction not in metric.reductions:
        known = ", ".join("none" if name is None else name for name in metric.reductions)
        return _Against("reduction", known, reduction)
    return None
