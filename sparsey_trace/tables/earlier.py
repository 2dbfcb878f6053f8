"""What an earlier analysis left in a folder, and whether it answers the question of now."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from sparsey_trace.tables.table_file import provenance_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sparsey_trace.metrics.base import Metric
    from sparsey_trace.trace.reading.trace import Trace


def default_folder(*files: Path) -> Path:
    """Where tables go unless told otherwise: RUN.metrics beside RUN.h5, or beside RUN.rank0.h5 and so on."""
    from sparsey_trace.trace.reading.sources import common_name

    common = common_name(files)
    return common.with_name(f"{common.name}.metrics")


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
    question = {"metric": metric.name, "resolution": resolution, "reduction": reduction}
    state = {"version": metric.version}
    if trace is not None:
        question["trace"], state["samples"] = trace.id, len(trace)
    parameters = json.loads(json.dumps(metric.parameters))
    for name in table_names(metric):
        found = made_as(folder / f"{name}.parquet")
        if found is None:
            return Misfit(why=f"no {name}.parquet", is_other=False)
        other = difference(found, question) or difference(found.get("parameters", {}), parameters)
        if other is not None:
            return Misfit(why=other, is_other=True)
        if (older := difference(found, state)) is not None:
            return Misfit(why=older, is_other=False)
    return None


def difference(found: dict[str, Any], wanted: dict[str, Any]) -> str | None:
    """In what a table was made otherwise than wanted, in words; None where it wasn't."""
    for key, value in wanted.items():
        if found.get(key) != value:
            return f"a table made with {key} {_said(found.get(key))}, not {_said(value)}"
    return None


def _said(value: Any) -> str:
    return "none" if value is None else str(value)


def table_names(metric: Metric[Any] | type[Metric[Any]]) -> Sequence[str]:
    """The names of a metric's tables."""
    layers = [f"{metric.name}_layer"] if getattr(metric, "has_layer_values", False) else []
    return [metric.name, *layers]


def made_as(path: Path) -> dict[str, Any] | None:
    """What a table says of its making; None where there is none, or a file that is no table of ours."""
    try:
        found = provenance_of(pq.read_schema(path)) if path.is_file() else None
    except (OSError, ValueError, RecursionError, pa.ArrowException):
        return None
    return found if isinstance(found, dict) else None
