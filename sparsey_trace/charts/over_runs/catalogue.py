"""All charts of many runs, in the order in which they stand in a report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sparsey_trace.charts.over_runs.parallel_coordinates import ParallelCoordinatesChart

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sparsey_trace.charts.over_runs.base import RunsChart

RUNS_CHARTS: Mapping[str, RunsChart[Any]] = {chart.name: chart for chart in (ParallelCoordinatesChart(),)}
"""By name."""
