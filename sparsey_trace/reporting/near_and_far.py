"""Whether similar inputs get similar codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparsey_trace.charts.shared.matches import matches
from sparsey_trace.reporting.alike_inputs import on_alone
from sparsey_trace.reporting.finding import Answer, under_names
from sparsey_trace.support.printable import count

if TYPE_CHECKING:
    from sparsey_trace.charts.shared.matches import Matches
    from sparsey_trace.reporting.runs import ReportRun

ABOUT = "Do similar inputs get similar codes?"


def near_and_far(run: ReportRun) -> Answer | None:
    """Winners that agree, of samples whose nearest training input is nearest, and of those where it is farthest."""
    if not run.view.has("match_accuracy"):
        return None
    every = run.view.run.once(matches)
    found = [layer for layer in every if len(layer.low) > 1]
    if not found:
        return _all_as_near(every)
    by_chance = [layer.layer for layer in found if abs(_fall(layer)) <= _margin(layer)]
    reversed_ = [layer.layer for layer in found if _fall(layer) < -_margin(layer)]
    return Answer(
        said="Winners that agree where the most similar training input is nearest, and where it is farthest",
        over=_ends(found[0]),
        by_layer={
            layer.layer: f"near {layer.by_distance.mean[0]:.0%} and far {layer.by_distance.mean[-1]:.0%}"
            for layer in found
        },
        remark=" ".join(
            [
                *under_names(run, by_chance, "the difference may be chance"),
                *under_names(run, reversed_, "far ones agree more"),
                *on_alone(run),
            ]
        ),
    )


def _all_as_near(found: list[Matches]) -> Answer | None:
    if not found:
        return None
    samples, apart = count(found[0].samples, "evaluation sample"), _apart(found[0], 0)
    return Answer(
        said=f"That isn't known: of {samples} each is as near to its most similar training input, {apart}"
    )


def _fall(layer: Matches) -> float:
    return float(layer.by_distance.mean[0] - layer.by_distance.mean[-1])


def _margin(layer: Matches) -> float:
    """How far the difference of two such means may be off (95%); infinity where one is of a single sample."""
    near, far = layer.by_distance.margin[[0, -1]].tolist()
    both = float((near**2 + far**2) ** 0.5)
    return both if both == both else float("inf")


def _ends(layer: Matches) -> str:
    sizes = layer.by_distance.size.tolist()
    near, far = (f"{count(sizes[end], 'sample')} {_apart(layer, end)}" for end in (0, -1))
    return f"{near} and {far}, of {count(layer.samples, 'evaluation sample')}"


def _apart(layer: Matches, end: int) -> str:
    """How far the samples of a bin are from their nearest training inputs."""
    low, high = float(layer.low[end]), float(layer.high[end])
    if layer.measure == "hamming":
        return f"{f'{low:,.0f} to ' if low < high else ''}{count(round(high), 'feature')} apart"
    return f"at a distance of {f'{low:.2g} to ' if low < high else ''}{high:.2g}"
