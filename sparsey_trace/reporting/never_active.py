"""Whether all MACs take part."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparsey_trace.charts.num_activations import mac_activity
from sparsey_trace.support.printable import count

if TYPE_CHECKING:
    from sparsey_trace.reporting.runs import ReportRun

ABOUT = "Do all MACs take part?"


def never_active(run: ReportRun) -> str:
    """How many MACs of each layer were never active; empty where that isn't known."""
    if not run.view.has("num_activations"):
        return ""
    silent = [
        (layer.name, int(layer.silent.sum()), len(layer.share)) for layer in run.view.run.once(mac_activity)
    ]
    told = [f"{never:,} of {count(all_of_it, 'MAC')} in {name}" for name, never, all_of_it in silent if never]
    if not told:
        return "Every MAC was active for at least one sample."
    return f"Never active: {', '.join(told)}{'' if len(told) == len(silent) else '; none in other layers'}."
