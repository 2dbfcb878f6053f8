"""A task: what is done with each chunk of a stretch of the trace."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sparsey_trace.chunk import Chunk
    from sparsey_trace.metrics.base import Metric, SampleMetric, TallyMetric
    from sparsey_trace.trace.reading.open_trace import Snapshot


class Gatherer(Protocol):
    """What is gathered of codes and activity as chunks come by, beside folds and values; pickles."""

    def wants(self, start: int, phase: NDArray[np.uint8], epoch: NDArray[np.int32]) -> bool:
        """Whether anything is to be had of samples from one on, by their phases [n] and epochs [n]."""

    def gather(self, chunk: Chunk) -> Any:
        """What is to be had of a chunk with codes and activity."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """What is done with each chunk of a stretch of the trace; pickled for other processes.

    Attributes:
        trace: the trace, and how many of its samples there are to replay.
        resolution: see docs/metrics.md.
        reduction: see docs/metrics.md.
        folds: one metric for each fold that is made.
        giving: metrics that give out values, or tallies.
        results: for each of `giving`, what its fold came to; None where it has none.
        gatherer: what else is gathered.
    """

    trace: Snapshot
    resolution: str
    reduction: str | None
    folds: tuple[Metric[Any], ...] = ()
    giving: tuple[SampleMetric[Any] | TallyMetric[Any], ...] = ()
    results: tuple[Any, ...] = field(default=(), repr=False)
    gatherer: Gatherer | None = field(default=None, repr=False)
