"""What makes inputs alike, where a reader would take it for something else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparsey_trace.charts.shared.matches import sample_matches

if TYPE_CHECKING:
    from sparsey_trace.reporting.runs import ReportRun


_LOOKED_AT = 100
"""Samples, of which it is seen whether any feature is 0."""


def on_alone(run: ReportRun) -> list[str]:
    """That of inputs which are numbers only those count that aren't 0; nothing where inputs are zeros and ones."""
    if run.trace.input_kind in ("binary", "none"):
        return []
    found = run.view.run.once(sample_matches)
    if found and not found[0].distance.any() and run.trace.inputs[found[0].sample[:_LOOKED_AT]].all():
        return [
            "But inputs are numbers, which are only compared by whether they are 0, and here none is: all inputs "
            "are as similar to each other, and the most similar one is simply the first."
        ]
    return ["Inputs are numbers: how similar they are is told only by whether they are 0."]
