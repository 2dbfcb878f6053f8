"""A run that charts are drawn of: its trace, and the tables that an analysis made of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

import numpy as np

from sparsey_trace.layout import TRAIN
from sparsey_trace.trace.reading.epoch_returns import phase_samples

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import TypeAlias

    from numpy.typing import NDArray

    from sparsey_trace.layout import Layout
    from sparsey_trace.metrics.base import Metric
    from sparsey_trace.trace.reading.epoch_returns import PhaseSamples
    from sparsey_trace.trace.reading.trace import Trace

    BySample: TypeAlias = Callable[[Trace, Metric[Any]], "RunTables"]
    """Computes a metric of a trace by sample, as means over the MACs of each layer."""

_T = TypeVar("_T")

_MOST_RETURNS = 20


class RunTables(Protocol):
    """Tables by the names of their metrics; what `analyze` returns is one."""

    skipped: dict[str, str]
    """Metrics that could not be computed, and why."""

    def path(self, name: str) -> Path:
        """A table's Parquet file.

        Raises:
            KeyError: there is none of that name; the message says which there are, or why not.
        """
        ...

    def __contains__(self, name: object) -> bool:
        """Whether there is a table of that name."""
        ...

    def __iter__(self) -> Iterator[str]:
        """The names of the tables."""
        ...


@dataclass(frozen=True, eq=False, kw_only=True)
class Steps:
    """The recorded steps of a run, in order.

    Attributes:
        number: [S] int64, as the run counted them.
        phase: [S] uint8, 0 train and 1 eval.
        size: [S] int64, how many samples each has.
        seen: [S] int64, how many training samples were recorded up to and including the step.
    """

    number: NDArray[np.int64]
    phase: NDArray[np.uint8]
    size: NDArray[np.int64]
    seen: NDArray[np.int64]

    def __len__(self) -> int:
        """S."""
        return len(self.number)


class Return(NamedTuple):
    """Where training went back to an earlier epoch.

    Attributes:
        seen: how many training samples were recorded before.
        step: the first step behind it.
        epoch: that it went back to.
        before: the epoch that it came from.
    """

    seen: int
    step: int
    epoch: int
    before: int


@dataclass(frozen=True, eq=False, kw_only=True)
class Run:
    """What every chart is made from.

    Attributes:
        name: what the run is called in legends.
        trace: open, and not grown since its tables were made.
        tables: of it, by step and without a reduction.
        by_sample: computes a metric of the trace by sample; tables by step don't know single samples.
    """

    name: str
    trace: Trace
    tables: RunTables
    by_sample: BySample
    _made: dict[Any, Any] = field(default_factory=dict, init=False, repr=False)

    @property
    def layout(self) -> Layout:
        """The model."""
        return self.trace.layout

    @cached_property
    def steps(self) -> Steps:
        """Its recorded steps."""
        step, phase = self.trace.samples.step[:], self.trace.samples.phase[:]
        first = np.flatnonzero(np.diff(step, prepend=-1))
        size = np.diff(first, append=len(step))
        seen = np.cumsum(np.where(phase[first] == TRAIN, size, 0))
        return Steps(number=step[first], phase=phase[first], size=size, seen=seen)

    @cached_property
    def phases(self) -> dict[str, PhaseSamples]:
        """By the phase's name, how many samples it has, and of which epoch the last one is."""
        return phase_samples(self.trace.samples)

    @cached_property
    def returns(self) -> tuple[Return, ...]:
        """Where training went back; none where it did so often that marks would hide what a chart shows."""
        found = self.trace.epoch_returns
        if len(found) > _MOST_RETURNS:
            return ()
        behind = np.searchsorted(self.steps.number, [each.step for each in found])
        seen = (self.steps.seen - self.steps.size)[behind].tolist()
        return tuple(
            Return(before_it, each.step, each.epoch, each.before)
            for before_it, each in zip(seen, found, strict=True)
        )

    def once(self, make: Callable[[Run], _T]) -> _T:
        """What a function makes of the run, called once: several charts of a report may need it."""
        if make not in self._made:
            self._made[make] = make(self)
        found: _T = self._made[make]
        return found
