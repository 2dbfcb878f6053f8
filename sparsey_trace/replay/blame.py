"""Whose fault it is when a metric raises: its own, by name."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from sparsey_trace.errors import MetricError, SparseyTraceError
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
        MetricError: it raised something that isn't one of our errors.
    """
    try:
        yield
    except (SparseyTraceError, MemoryError):
        raise
    except Exception as error:
        package = package_of_metric(type(metric))
        whose = f" of {package}" if package else ""
        found = " ".join(f"{type(error).__name__}: {error}".split())
        msg = f"{metric.name}{whose}: expected {doing} to work on every run, found that it raised {found}"
        raise MetricError(msg) from error
