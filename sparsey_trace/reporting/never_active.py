"""Whether all MACs take part."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparsey_trace.charts.num_activations import mac_activity
from sparsey_trace.reporting.finding import Answer

if TYPE_CHECKING:
    from sparsey_trace.reporting.runs import ReportRun

ABOUT = "Do all MACs take part?"


def never_active(run: ReportRun) -> Answer | None:
    """How many MACs of each layer were never active; None where that isn't known."""
    if not run.view.has("num_activations"):
        return None
    found = {layer.layer: layer for layer in run.view.run.once(mac_activity)}
    if not any(layer.silent.any() for layer in found.values()):
        return Answer(said="Every MAC was active for at least one sample")
    return Answer(
        said="MACs that were never active",
        by_layer={
            number: f"{int(layer.silent.sum()):,} of {len(layer.share):,}" for number, layer in found.items()
        },
    )
