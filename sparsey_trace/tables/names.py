"""The names of a metric's tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sparsey_trace.tables.manifest import table_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from sparsey_trace.metrics.base import Metric


def table_names(metric: Metric[Any] | type[Metric[Any]]) -> Sequence[str]:
    """The names of a metric's tables: its own, and with `_layer` behind it where it has values of whole layers."""
    layers = [f"{metric.name}_layer"] if getattr(metric, "has_layer_values", False) else []
    return [metric.name, *layers]


def paths_of(folder: Path, metrics: Iterable[Metric[Any]]) -> dict[str, Path]:
    """Where metrics' tables lie in a folder, by the tables' names; see `table_at`."""
    return {name: table_at(folder, name) for metric in metrics for name in table_names(metric)}
