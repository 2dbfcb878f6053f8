"""A run while it is being recorded: the folds of `analyze`, taken on over the new samples only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.layout import PHASES, TRAIN
from sparsey_trace.metrics.base import Context
from sparsey_trace.metrics.basis_set_size import BasisSetSize
from sparsey_trace.metrics.feature_coverage import FeatureCoverage
from sparsey_trace.metrics.num_activations import NumActivations
from sparsey_trace.metrics.recall import recall_from
from sparsey_trace.replay.choose import fields_of
from sparsey_trace.replay.engine.folding import Folding
from sparsey_trace.replay.engine.memory import chunk_samples
from sparsey_trace.tables.chunk_values import chunk_values, split_layers
from sparsey_trace.tables.gaps import Gaps
from sparsey_trace.tables.summarize import summary_of_totals

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from sparsey_trace.chunk import Chunk
    from sparsey_trace.metrics.base import SampleMetric
    from sparsey_trace.tables.run_totals import RunTotals
    from sparsey_trace.tables.summary import SummaryRow
    from sparsey_trace.trace.reading.trace import Trace

LATELY = 1000
"""Over the steps that the last so many samples belong to, the pace is told."""

_BASIS, _ACTIVITY, _COVERAGE = BasisSetSize(), NumActivations(), FeatureCoverage()


@dataclass(frozen=True, kw_only=True)
class LayerNow:
    """A layer as it stands.

    Attributes:
        name: the layer's name.
        macs: how many MACs it has.
        basis_set_size: the mean of its MACs' basis set sizes; None before the first training sample. This and the next
            two as `analyze` would tell them.
        coverage: feature coverage in training, now; None without inputs, or before the first training sample.
        active: the share of training samples for which a MAC was active, now.
        samples: how many training samples these two are of.
        silent: how many of its MACs were never active in training so far; None before its first sample.
    """

    name: str
    macs: int
    basis_set_size: float | None
    coverage: float | None
    active: float | None
    samples: int
    silent: int | None


@dataclass(frozen=True, kw_only=True)
class Now:
    """A run as it stands.

    Attributes:
        samples: how many are committed.
        steps: how many steps these are.
        epoch: of the last sample; None before the first one.
        phase: of the last sample.
        time: when the last sample was recorded, in seconds since 1970.
        rate: samples a second, lately; None where that can't be told yet.
        closed: whether the writer has closed the trace.
        gaps: what the trace doesn't hold, in one line; empty where it holds everything.
        layers: the layers, lowest first.
    """

    samples: int
    steps: int
    epoch: int | None
    phase: str | None
    time: float | None
    rate: float | None
    closed: bool
    gaps: str
    layers: tuple[LayerNow, ...]


class LiveRun:
    """Follows one trace; what was taken in is never read again.

    Args:
        trace: an open trace, whose snapshot this moves on.
    """

    def __init__(self, trace: Trace) -> None:
        """See the class; `catch_up` reads the samples."""
        self._trace, self._layout = trace, trace.layout
        self._seen, self._steps, self._last_step = 0, 0, -1
        self._codes = _BASIS.init(self._layout)
        self._ever_active = np.zeros(self._layout.num_macs, np.bool_)
        has_inputs = fields_of(_COVERAGE) <= trace.fields
        self._metrics: list[SampleMetric[Any]] = [_ACTIVITY, _COVERAGE] if has_inputs else [_ACTIVITY]
        self._totals: dict[str, RunTotals] = {}
        self._starts = np.empty(0, np.int64)

    def catch_up(self) -> Now:
        """Take in what was committed since the last time.

        Raises:
            TraceError: it can't be read.
        """
        stop = self._trace.refresh()
        if stop > self._seen:
            fields = frozenset().union(*map(fields_of, [_BASIS, *self._metrics]))
            size = chunk_samples(self._trace, fields, None, "1G", 1)
            folding = Folding(_BASIS, self._layout)
            for start in range(self._seen, stop, size):
                chunk = self._trace.chunk(start, min(start + size, stop), fields=fields)
                folding.add(_BASIS.update(_BASIS.init(self._layout), chunk))
                self._take(chunk)
            self._codes = _BASIS.merge(self._codes, folding.result())
            self._seen = stop
        return self._now()

    def _take(self, chunk: Chunk) -> None:
        starts = chunk.start + np.flatnonzero(np.diff(chunk.step, prepend=self._last_step))
        self._steps += len(starts)
        self._starts = np.concatenate([self._starts, starts])[-LATELY - 1 :]
        self._last_step = int(chunk.step[-1])
        self._ever_active |= np.concatenate([active[chunk.is_train].any(axis=0) for active in chunk.active])
        for metric in self._metrics:
            new = self._totals_of(metric, chunk)
            old = self._totals.get(metric.name)
            self._totals[metric.name] = new if old is None else old.followed_by(new)

    def _totals_of(self, metric: SampleMetric[Any], chunk: Chunk) -> RunTotals:
        given = metric.values(chunk, self._layout, Context(None, recall_from(chunk)))
        assert given is not None
        output = chunk_values(metric, given, chunk, resolution="step", reduction=None)
        return output.totals[metric.name][metric.name]

    def _now(self) -> Now:
        epoch, phase, time, rate = self._last_sample()
        return Now(
            samples=self._seen,
            steps=self._steps,
            epoch=epoch,
            phase=phase,
            time=time,
            rate=rate,
            closed=self._trace.closed,
            gaps=str(Gaps.of(self._trace)),
            layers=tuple(self._layers()),
        )

    def _last_sample(self) -> tuple[int | None, str | None, float | None, float | None]:
        if not self._seen:
            return None, None, None, None
        samples, end = self._trace.samples, self._seen - 1
        time = samples.time
        before = int(np.searchsorted(self._starts, self._seen - LATELY, side="right"))
        first = int(self._starts[max(0, before - 1)])
        # A step's samples come all at once, at its end: so from the end of the step before.
        if not first:
            first = int(self._starts[1]) if len(self._starts) > 1 else self._seen
        last = float(time[end])
        seconds = last - float(time[first - 1])
        rate = (self._seen - first) / seconds if seconds > 0 else None
        return int(samples.epoch[end]), PHASES[int(samples.phase[end])], last, rate

    def _layers(self) -> list[LayerNow]:
        sizes = _BASIS.sizes(self._codes)
        silent = self._by_layer(~self._ever_active)
        active, coverage = (self._figures(metric) for metric in (_ACTIVITY, _COVERAGE))
        return [
            LayerNow(
                name=layer.name,
                macs=layer.num_macs,
                basis_set_size=float(sizes[index].mean()) if index in active else None,
                coverage=_now_of(coverage, index),
                active=_now_of(active, index),
                samples=(active[index].samples or 0) if index in active else 0,
                silent=int(np.count_nonzero(silent[index])) if index in active else None,
            )
            for index, layer in enumerate(self._layout.layers)
        ]

    def _figures(self, metric: SampleMetric[Any]) -> dict[int, SummaryRow]:
        """By layer, a metric's row of a summary in training, as far as there is one."""
        if metric.name not in self._totals:
            return {}
        rows = summary_of_totals(
            metric, metric.name, self._totals[metric.name], self._layout, unit=metric.unit
        )
        return {
            row.layer: row
            for row in rows
            if row.phase == PHASES[TRAIN] and row.layer is not None and row.now is not None
        }

    def _by_layer(self, values: NDArray[Any]) -> list[NDArray[Any]]:
        return [part[0] for part in split_layers(self._layout, values[None])]


def _now_of(rows: Mapping[int, SummaryRow], layer: int) -> float | None:
    return rows[layer].now if layer in rows else None
