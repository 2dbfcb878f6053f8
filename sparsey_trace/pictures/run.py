"""A run to be looked at: its trace, and the tables that an analysis made of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.layout import TRAIN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sparsey_trace.layout import Layout
    from sparsey_trace.replay.result import Result
    from sparsey_trace.trace.reading.trace import Trace


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


@dataclass(frozen=True, eq=False, kw_only=True)
class Run:
    """What every picture is made from.

    Attributes:
        name: what the run is called in legends.
        trace: open, and not grown since its tables were made.
        result: tables of it, by step and without a reduction.
    """

    name: str
    trace: Trace
    result: Result

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
