"""Whether what was learnt comes back, against chance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparsey_trace.metrics.match_accuracy import WINNERS
from sparsey_trace.reporting.finding import each, rows_of

if TYPE_CHECKING:
    from sparsey_trace.reporting.runs import ReportRun

ABOUT = "Does what was learnt come back?"


def against_chance(run: ReportRun) -> str:
    """The share of winners that agree with those for the nearest training input, and for one drawn at random."""
    told = {
        layer: (row.now, row.chance)
        for layer, row in rows_of(run, WINNERS, "eval").items()
        if row.now is not None and row.chance is not None
    }
    if not told:
        return "That isn't known: no evaluation sample has a training input to be compared with."
    samples = next(iter(rows_of(run, WINNERS, "eval").values())).samples
    said = each(run, {layer: f"{now:.0%} (by chance {chance:.0%})" for layer, (now, chance) in told.items()})
    worse = [run.view.layers[layer] for layer, (now, chance) in told.items() if now <= chance]
    remark = f" In {', '.join(worse)} that is no better than chance." if worse else ""
    return (
        f"Winners that agree with those for the most similar training input, over {samples:,} evaluation samples: "
        f"{said}.{remark}"
    )
