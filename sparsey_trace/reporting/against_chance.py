"""Whether what was learnt comes back, against chance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.charts.shared.group_means import group_means
from sparsey_trace.charts.shared.matches import sample_matches
from sparsey_trace.metrics.match_accuracy import WINNERS, MatchAccuracy
from sparsey_trace.reporting.alike_inputs import on_alone
from sparsey_trace.reporting.finding import Answer, rows_of, under_names
from sparsey_trace.support.printable import count

if TYPE_CHECKING:
    from sparsey_trace.reporting.runs import ReportRun

ABOUT = "Does what was learnt come back?"

_SILENT = (
    "no MAC was active, neither for the evaluation samples nor for the training inputs that they are most "
    "similar to"
)


def against_chance(run: ReportRun) -> Answer:
    """The share of winners that agree with those for the nearest training input, and for one drawn at random."""
    found = rows_of(run, WINNERS, "eval")
    told = {
        layer: (row.now, row.chance)
        for layer, row in found.items()
        if row.now is not None and row.chance is not None
    }
    if not told:
        return Answer(said=f"That isn't known: {_why_not(run)}")
    margins = _margins(run)
    within = [layer for layer, (now, chance) in told.items() if abs(now - chance) <= margins[layer]]
    below = [layer for layer, (now, chance) in told.items() if now < chance and layer not in within]
    return Answer(
        said="Winners that agree with those for the most similar training input",
        over=count(next(iter(found.values())).samples or 0, "evaluation sample"),
        by_layer={layer: f"{now:.0%} (by chance {chance:.0%})" for layer, (now, chance) in told.items()},
        remark=" ".join(
            [
                *under_names(run, within, "that can't be told from chance"),
                *under_names(run, below, "that is less than by chance"),
                *on_alone(run),
            ]
        ),
    )


def _why_not(run: ReportRun) -> str:
    if rows_of(run, MatchAccuracy.name, "eval"):
        return _SILENT
    unasked = "no evaluation sample has a training input to be compared with"
    return run.result.skipped.get(MatchAccuracy.name, unasked)


def _margins(run: ReportRun) -> dict[int, float]:
    """By layer, how far the mean of so many samples may be off (95%); infinity for a single one."""
    found = {}
    for layer in run.view.run.once(sample_matches):
        (margin,) = group_means(np.zeros(len(layer.value), np.int64), layer.value).margin
        # Sums in another order differ in their last bits.
        found[layer.layer] = np.inf if np.isnan(margin) else max(float(margin), 1e-9)
    return found
