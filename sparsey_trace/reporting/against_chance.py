"""Whether what was learnt comes back, against chance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparsey_trace.metrics.match_accuracy import WINNERS
from sparsey_trace.reporting.finding import Answer, rows_of
from sparsey_trace.support.printable import count

if TYPE_CHECKING:
    from sparsey_trace.reporting.runs import ReportRun

ABOUT = "Does what was learnt come back?"


def against_chance(run: ReportRun) -> Answer:
    """The share of winners that agree with those for the nearest training input, and for one drawn at random."""
    found = rows_of(run, WINNERS, "eval")
    told = {
        layer: (row.now, row.chance)
        for layer, row in found.items()
        if row.now is not None and row.chance is not None
    }
    if not told:
        why = run.result.skipped.get(
            "match_accuracy", "no evaluation sample has a training input to be compared with"
        )
        return Answer(said=f"That isn't known: {why}")
    worse = [run.view.layers[layer] for layer, (now, chance) in told.items() if now <= chance]
    return Answer(
        said="Winners that agree with those for the most similar training input",
        over=count(next(iter(found.values())).samples or 0, "evaluation sample"),
        by_layer={layer: f"{now:.0%} (by chance {chance:.0%})" for layer, (now, chance) in told.items()},
        remark=f"In {', '.join(worse)} that is no better than chance." if worse else "",
    )
