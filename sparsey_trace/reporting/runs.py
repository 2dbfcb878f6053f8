"""The runs of a report: their tables and figures, and how charts see them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from sparsey_trace.charts.shared.run import Run
from sparsey_trace.charts.shared.views import View, Views
from sparsey_trace.comparing.layer_pairing import layer_names
from sparsey_trace.comparing.run_figures import figures_of_tables
from sparsey_trace.comparing.sheet import short_names
from sparsey_trace.errors import said_by_url
from sparsey_trace.replay.analyze import by_sample
from sparsey_trace.trace.paths import common_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sparsey_trace.comparing.run_figures import RunFigures
    from sparsey_trace.replay.find_or_make import Tables
    from sparsey_trace.replay.result import Result
    from sparsey_trace.trace.reading.trace import Trace


@dataclass(frozen=True, eq=False, kw_only=True)
class ReportRun:
    """One of the runs.

    Attributes:
        view: as charts see it.
        figures: what it came to.
        tables: held, as tables that aren't kept live as long as these.
    """

    view: View
    figures: RunFigures
    tables: Tables

    @property
    def name(self) -> str:
        """What the run is called."""
        return self.view.name

    @property
    def trace(self) -> Trace:
        """Its trace."""
        return self.view.run.trace

    @property
    def result(self) -> Result:
        """Its tables."""
        return self.tables.result


def views_of(runs: Sequence[ReportRun]) -> Views:
    """The runs as charts see them."""
    return Views([run.view for run in runs])


def report_runs(found: Sequence[tuple[Trace, Tables]], *, n_jobs: int) -> list[ReportRun]:
    """The runs of these traces, with their layers paired.

    Args:
        found: each trace with its tables.
        n_jobs: how many threads compute what charts need beyond these.
    """
    names = _names([trace for trace, _ in found])
    figures = [
        figures_of_tables(trace, tables, name=name)
        for name, (trace, tables) in zip(names, found, strict=True)
    ]
    runs = []
    for series, ((trace, tables), layers) in enumerate(zip(found, layer_names(figures), strict=True)):
        run = Run(
            name=names[series],
            trace=trace,
            tables=tables.result,
            by_sample=partial(by_sample, n_jobs=n_jobs),
        )
        view = View(series=series, run=run, layers=layers)
        runs.append(ReportRun(view=view, figures=figures[series], tables=tables))
    return runs


def _names(traces: Sequence[Trace]) -> list[str]:
    if len(traces) == 1:
        return [common_name(traces[0].paths).name]
    return short_names([said_by_url(str(trace.path)) for trace in traces], most=400)
