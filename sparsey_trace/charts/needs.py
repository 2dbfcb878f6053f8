"""What has to be there before a chart is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sparsey_trace.errors import UsageError
from sparsey_trace.support.extras import require
from sparsey_trace.tables.provenance import provenance_in

if TYPE_CHECKING:
    from sparsey_trace.charts.base import Chart
    from sparsey_trace.charts.shared.run import RunTables


def check_installed(what: str) -> None:
    """See that there is matplotlib.

    Args:
        what: is to be drawn, for the message.

    Raises:
        UsageError: there isn't.
    """
    require("matplotlib", what=what, extra="plot")


def check_table(tables: RunTables, chart: Chart[Any]) -> None:
    """See that the table that a chart is drawn from is among those of a run.

    Raises:
        UsageError: it is missing, or was made in another form.
    """
    if chart.table is None:
        return
    if chart.table not in tables:
        why = tables.skipped.get(chart.table)
        found = why or f"tables of {', '.join(tables)} only; name it in metrics=[…]"
        msg = f"plot.{chart.name}: expected the table {chart.table}, found {found}"
        raise UsageError(msg)
    made = provenance_in(tables.path(chart.table)) or {}
    if not chart.fits(made):
        reduction, resolution = made.get("reduction") or "none", made.get("resolution")
        msg = (
            f"plot.{chart.name}: expected {chart.table} by step and without a reduction, found resolution "
            f"{resolution} and reduction {reduction}; analyse once more with resolution='step' and reduction=None"
        )
        raise UsageError(msg)
