"""How many bytes of training an analysis would keep, at most: more than are wanted are refused before it begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparsey_trace.errors import TraceError
from sparsey_trace.replay.engine.memory import parse_memory
from sparsey_trace.replay.pairs import trained_in

if TYPE_CHECKING:
    from sparsey_trace.replay.plan import Plan
    from sparsey_trace.trace.reading.trace import Trace

MOST_BYTES = "16G"
"""What fits into a machine, and can be sent to each worker of a cluster."""


def bytes_of(todo: Plan, trace: Trace) -> dict[str, int]:
    """By metric, at most how many bytes of training it keeps; without those that can't tell."""
    counted = [metric for metric in todo.missing if metric.state_bytes(len(trace), trace.layout)]
    trained = trained_in(trace) if counted else 0
    return {metric.name: metric.state_bytes(trained, trace.layout) for metric in counted}


def check_bytes(todo: Plan, trace: Trace, most_bytes: str | int) -> None:
    """See that no metric keeps more bytes than are wanted.

    Nothing is read for it where that can't be, by the trace's length alone.

    Raises:
        UsageError: what is wanted is no size.
        TraceError: one would; the message names the parameter that bounds it.
    """
    most = parse_memory(most_bytes, name="most_bytes")
    if all(metric.state_bytes(len(trace), trace.layout) <= most for metric in todo.missing):
        return
    for name, found in bytes_of(todo, trace).items():
        if found > most:
            msg = (
                f"{trace.path}: {name}: expected at most {most:,} bytes to keep of training, found up to {found:,} (of "
                f"{trained_in(trace):,} samples), on each worker of a cluster too; give it reference_size=N, which "
                "keeps N drawn inputs, or, where inputs repeat or there is memory, raise most_bytes"
            )
            raise TraceError(msg)
