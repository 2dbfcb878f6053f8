"""A run while it is being recorded: the folds of `analyze`, taken on over the new samples only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.layout import PHASES
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
from sparsey_trace.tables.groups import Groups

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sparsey_trace.chunk import Chunk
    from sparsey_trace.metrics.base import SampleMetric
    from sparsey_trace.trace.reading.trace import Trace

LATELY = 1000
"""Late steps are those that the last so many samples belong to."""

_BASIS, _ACTIVITY, _COVERAGE = BasisSetSize(), NumActivations(), FeatureCoverage()


@dataclass(frozen=True, kw_only=True)
class LayerNow:
    """A layer as it stands.

    Attributes:
        name: the layer's name.
        macs: how many MACs it has.
        basis_set_median: the median of its MACs' basis set sizes.
        basis_set_total: their sum.
        coverage: feature coverage, the mean over its MACs and the late samples; None without inputs.
        active: the share of its MACs that were active for any of the late samples.
        silent: how many of its MACs were never active so far.
    """

    name: str
    macs: int
    basis_set_median: float
    basis_set_total: int
    coverage: float | None
    active: float
    silent: int


@dataclass(frozen=True, kw_only=True)
class Now:
    """A run as it stands.

    Attributes:
        samples: how many are committed.
        steps: how many steps these are.
        epoch: of the last sample; None before the first one.
        phase: of the last sample.
        time: when the last sample was recorded, in seconds since 1970.
        rate: late samples a second; None where that can't be told yet.
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
        self._late: dict[SampleMetric[Any], Groups | None] = dict.fromkeys(
            [_ACTIVITY, _COVERAGE] if has_inputs else [_ACTIVITY]
        )

    def catch_up(self) -> Now:
        """Take in what was committed since the last time.

        Raises:
            TraceError: it can't be read.
        """
        stop = self._trace.refresh()
        if stop > self._seen:
            since = int(self._trace.samples.step[max(0, stop - LATELY)])
            fields = frozenset().union(*map(fields_of, [_BASIS, *self._late]))
            size = chunk_samples(self._trace, fields, None, "1G", 1)
            folding = Folding(_BASIS, self._layout)
            for start in range(self._seen, stop, size):
                chunk = self._read(start, min(start + size, stop), since)
                folding.add(_BASIS.update(_BASIS.init(self._layout), chunk))
                self._take(chunk, since)
            self._codes = _BASIS.merge(self._codes, folding.result())
            self._seen = stop
        return self._now()

    def _read(self, start: int, stop: int, since: int) -> Chunk:
        is_late = bool(self._trace.samples.step[stop - 1] >= since)
        late = [metric.values_require for metric in self._late] if is_late else []
        return self._trace.chunk(start, stop, fields=_BASIS.requires.union(*late))

    def _take(self, chunk: Chunk, since: int) -> None:
        self._steps += int(np.count_nonzero(np.diff(chunk.step, prepend=self._last_step)))
        self._last_step = int(chunk.step[-1])
        self._ever_active |= np.concatenate([active.any(axis=0) for active in chunk.active])
        if self._last_step >= since:
            for metric, late in self._late.items():
                new = self._values(metric, chunk)
                joined = new if late is None else late.followed_by(new)
                self._late[metric] = joined[int(np.searchsorted(joined.step, since)) :]

    def _values(self, metric: SampleMetric[Any], chunk: Chunk) -> Groups:
        given = metric.values(chunk, self._layout, Context(None, recall_from(chunk)))
        assert given is not None
        output = chunk_values(metric, given, chunk, resolution="step", reduction=None)
        assert isinstance(output.macs, Groups)
        return output.macs

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
        late = self._late[_ACTIVITY]
        if late is None:
            return None, None, None, None
        time = self._trace.samples.time
        first = self._seen - int(late.samples.sum())
        # A step's samples come all at once, at its end: so from the end of the step before.
        begin, count = (first - 1, self._seen - first) if first else (0, self._seen - int(late.samples[0]))
        last = float(time[self._seen - 1])
        seconds = last - float(time[begin])
        rate = count / seconds if seconds > 0 else None
        return int(late.epoch[-1]), PHASES[late.phase[-1]], last, rate

    def _layers(self) -> list[LayerNow]:
        sizes = _BASIS.sizes(self._codes)
        silent = self._by_layer(~self._ever_active)
        active = self._by_layer(self._late_activity())
        coverage = self._by_layer(self._late_coverage()) if _COVERAGE in self._late else None
        return [
            LayerNow(
                name=layer.name,
                macs=layer.num_macs,
                basis_set_median=float(np.median(sizes[index])),
                basis_set_total=int(sizes[index].sum()),
                coverage=None if coverage is None else float(coverage[index].mean()),
                active=float(active[index].mean()),
                silent=int(np.count_nonzero(silent[index])),
            )
            for index, layer in enumerate(self._layout.layers)
        ]

    def _late_activity(self) -> NDArray[np.bool_]:
        """[all MACs], whether each was active for any of the late samples."""
        late = self._late[_ACTIVITY]
        if late is None:
            return np.zeros(self._layout.num_macs, np.bool_)
        return np.asarray(late.values().any(axis=0))

    def _late_coverage(self) -> NDArray[np.float64]:
        """[all MACs], the mean over the late samples; 0 where there are none."""
        late = self._late[_COVERAGE]
        if late is None:
            return np.zeros(self._layout.num_macs)
        return np.asarray(np.average(late.values(), axis=0, weights=late.samples))

    def _by_layer(self, values: NDArray[Any]) -> list[NDArray[Any]]:
        return [part[0] for part in split_layers(self._layout, values[None])]
