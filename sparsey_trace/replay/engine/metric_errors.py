"""Whose fault it is when a metric raises: its own, by name."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from sparsey_trace.errors import MetricError, OutputError, SparseyTraceError, TraceError
from sparsey_trace.metrics.registry import package_of_metric

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sparsey_trace.metrics.base import Metric


@contextlib.contextmanager
def blaming(metric: Metric[Any], doing: str) -> Iterator[None]:
    """Turn what a metric raises into an error of one line that names it, and the package it comes from.

    Args:
        metric: what is at work.
        doing: which of its methods.

    Raises:
        MetricError: it raised something, or its values are none that a table could hold.
    """
    try:
        yield
    except (TraceError, OutputError, MemoryError):
        raise
    except Exception as error:
        package = package_of_metric(type(metric))
        whose = f" of {package}" if package else ""
        found = f"{doing}: {error}"
        if not isinstance(error, SparseyTraceError):
            raised = " ".join(f"{type(error).__name__}: {error}".split())
            found = f"expected {doing} to work on every run, found that it raised {raised}"
        msg = f"{metric.name}{whose}: {found}"
        raise MetricError(msg) from error
