"""Whether the tables that an earlier analysis left in a folder answer the question of now."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sparsey_trace.tables.manifest import table_at
from sparsey_trace.tables.names import table_names
from sparsey_trace.tables.provenance import first_difference, provenance_in
from sparsey_trace.tables.summary import summary_in

if TYPE_CHECKING:
    from pathlib import Path

    from sparsey_trace.metrics.base import Metric
    from sparsey_trace.trace.reading.trace import Trace


@dataclass(frozen=True, kw_only=True)
class Misfit:
    """Why a metric's table doesn't do.

    Attributes:
        why: what was found instead, in words.
        is_other: whether the table answers another question, and isn't just missing or out of date.
    """

    why: str
    is_other: bool


def misfit(
    folder: Path, metric: Metric[Any], *, resolution: str, reduction: str | None, trace: Trace | None = None
) -> Misfit | None:
    """What stands against using a metric's tables in a folder; None where they fit.

    Args:
        folder: it need not exist.
        metric: as an analysis of this resolution and reduction has configured it.
        resolution: that the tables should have.
        reduction: that the tables should have.
        trace: whose tables they should be, as long as it is now; None where any trace's will do.
    """
    question: dict[str, Any] = {"metric": metric.name, "resolution": resolution, "reduction": reduction}
    state: dict[str, Any] = {"version": metric.version}
    if trace is not None:
        question |= {"trace": trace.id, **trace.rules.choice()}
        state["samples"] = len(trace)
    parameters = json.loads(json.dumps(metric.decided))
    for name in table_names(metric):
        path = table_at(folder, name)
        found = provenance_in(path)
        if found is None:
            return Misfit(why=f"no {name}.parquet", is_other=False)
        other = first_difference(found, question) or first_difference(found.get("parameters", {}), parameters)
        if other is not None:
            return Misfit(why=other, is_other=True)
        if summary_in(path) is None:
            return Misfit(why="a table without figures, which an older version made", is_other=False)
        if (older := first_difference(found, state)) is not None:
            return Misfit(why=older, is_other=False)
    return None
