"""Partitions: stretches of whole steps that the trace alone decides, whoever works on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sparsey_trace.errors import UsageError

if TYPE_CHECKING:
    from sparsey_trace.trace.reading.trace import Trace

PARTITION_SIZE = 1 << 20
"""A partition of so many samples takes a core a minute, beside which a scheduler's milliseconds don't count."""

_LOOKED_AT = 1 << 12
"""Samples that are looked at for the next step at once."""


class Partition(NamedTuple):
    """A stretch of a trace.

    Attributes:
        number: from 0; that of its first sample, in units of the partitions' size.
        start: the first sample.
        stop: before which sample it ends.
    """

    number: int
    start: int
    stop: int


def check_partition_size(size: int | None) -> None:
    """See that it is a power of two, or None, which stands for all of a trace.

    Raises:
        UsageError: it isn't.
    """
    if size is not None and (size < 1 or size & (size - 1)):
        msg = f"partition_size: expected a power of two, such as {PARTITION_SIZE:,} or 65,536, found {size:,}"
        raise UsageError(msg)


def partitions_of(trace: Trace, size: int | None) -> list[Partition]:
    """The partitions of a trace, in order: the steps whose first sample lies in [k * size, (k + 1) * size).

    Where steps are so long that none begins there, there is no partition of that number. All but the last stay as they
    are when the trace grows.

    Args:
        trace: not empty.
        size: a power of two; None for a single partition.
    """
    length = len(trace)
    if size is None or size >= length:
        return [Partition(0, 0, length)]
    starts: dict[int, int] = {}
    for number in range(-(-length // size)):
        start = _next_step(trace, number * size)
        if start < min(length, (number + 1) * size):
            starts[number] = start
    stops = [*list(starts.values())[1:], length]
    return [Partition(*each, stop) for each, stop in zip(starts.items(), stops, strict=True)]


def _next_step(trace: Trace, sample: int) -> int:
    """The first sample from one on that begins a step; the trace's length where none does."""
    if sample == 0:
        return 0
    for start in range(sample - 1, len(trace) - 1, _LOOKED_AT):
        step = trace.samples.step[start : start + _LOOKED_AT + 1]
        begins = np.flatnonzero(step[1:] != step[:-1])
        if len(begins):
            return start + 1 + int(begins[0])
    return len(trace)
