"""How many pairs of samples an analysis would compare, at most: more than are wanted are refused before it begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.errors import TraceError
from sparsey_trace.layout import TRAIN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from sparsey_trace.replay.plan import Plan, PlannedValues
    from sparsey_trace.trace.reading.trace import Trace

MOST_PAIRS = 10**13
"""Eight hours of a core."""

_PAIR_SECONDS = 3e-9
"""Measured: 2.2 to 3.0 nanoseconds by hamming, up to 6.3 by jaccard."""

_SAMPLES_AT_ONCE = 1 << 20


def pairs_of(todo: Plan, trace: Trace) -> dict[str, int]:
    """By metric, at most how many pairs of samples the rest of its values compares; without those that compare none."""
    return {
        one.metric.name: pairs
        for one in todo.later
        if one.metric.pairs(1, 1) and (pairs := one.metric.pairs(*_counts(one, trace)))
    }


def in_core_hours(pairs: int) -> str:
    """About how long so many pairs take a core; empty where that is less than a minute.

    >>> in_core_hours(192), in_core_hours(10**11), in_core_hours(45 * 10**15)
    ('', '0.083 core-hours', '37,500 core-hours')
    """
    hours = pairs * _PAIR_SECONDS / 3600
    shown = f"{hours:,.0f}" if hours >= 10 else f"{hours:.2g}"
    return f"{shown} core-hours" if hours > 1 / 60 else ""


def check_pairs(todo: Plan, trace: Trace, most_pairs: int) -> None:
    """See that no metric compares more pairs than are wanted.

    Nothing is read for it where that can't be, by the trace's length alone.

    Raises:
        TraceError: one would; the message names the parameter that bounds it.
    """
    for one in todo.later:
        if one.metric.pairs(len(trace), len(trace)) <= most_pairs:
            continue
        asked, trained = _counts(one, trace)
        if (pairs := one.metric.pairs(asked, trained)) > most_pairs:
            msg = (
                f"{trace.path}: {one.metric.name}: expected at most {most_pairs:,} pairs of samples to compare, found "
                f"up to {pairs:,} ({asked:,} samples with {pairs // asked:,} each); give it reference_size=N, which "
                "compares with N drawn ones, or, where inputs repeat or there is time, raise most_pairs"
            )
            raise TraceError(msg)


def trained_in(trace: Trace) -> int:
    """How many training samples there are."""
    return sum(int(np.count_nonzero(phase == TRAIN)) for phase in _phases(trace))


def _counts(one: PlannedValues, trace: Trace) -> tuple[int, int]:
    """How many samples are still asked, and how many training samples there are."""
    asked, trained, start = 0, 0, 0
    for phase in _phases(trace):
        trained += int(np.count_nonzero(phase == TRAIN))
        rest = phase[max(0, one.known.samples - start) :]
        asked += int(np.count_nonzero(np.isin(rest, one.metric.values_phases)))
        start += len(phase)
    return asked, trained


def _phases(trace: Trace) -> Iterator[NDArray[np.uint8]]:
    for start in range(0, len(trace), _SAMPLES_AT_ONCE):
        yield trace.samples.phase[start : start + _SAMPLES_AT_ONCE]
