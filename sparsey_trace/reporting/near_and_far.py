"""Whether similar inputs get similar codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparsey_trace.charts.shared.matches import matches
from sparsey_trace.reporting.finding import Answer

if TYPE_CHECKING:
    from sparsey_trace.charts.shared.matches import Matches
    from sparsey_trace.reporting.runs import ReportRun

ABOUT = "Do similar inputs get similar codes?"


def near_and_far(run: ReportRun) -> Answer | None:
    """Winners that agree, of samples whose nearest training input is nearest, and of those where it is farthest."""
    if not run.view.has("match_accuracy"):
        return None
    found = [layer for layer in run.view.run.once(matches) if len(layer.low) > 1]
    if not found:
        return None
    not_so = [run.view.layers[layer.layer] for layer in found if _ends(layer)[0] <= _ends(layer)[1]]
    return Answer(
        said="Winners that agree where the most similar training input is nearest, and where it is farthest",
        by_layer={layer.layer: "near {:.0%} and far {:.0%}".format(*_ends(layer)) for layer in found},
        remark=f"In {', '.join(not_so)} nearness makes no difference." if not_so else "",
    )


def _ends(layer: Matches) -> tuple[float, float]:
    return float(layer.by_distance.mean[0]), float(layer.by_distance.mean[-1])
