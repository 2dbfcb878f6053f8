"""How values went over a run: a panel for each layer, runs on top of each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from sparsey_trace.charts.panels.figure import band, chance_line, figure, in_words, small, text
from sparsey_trace.charts.panels.panel import Group, Panel

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from sparsey_trace.charts.shared.curves import Curve
    from sparsey_trace.charts.shared.views import View
    from sparsey_trace.charts.shared.words import Words

    Curves: TypeAlias = Sequence[tuple[View, Sequence[Curve]]]
    """Each run's curves."""

FEW = 12
"""So few points are marked, with bars for the band."""

MEAN = ("line", "mean over the MACs of a layer, training")
EVALUATION = ("eval", "the same in evaluation: points, as nothing is known between two of them")
CHANCE = ("chance", "the same by chance: against training samples drawn at random, for the last evaluation")
BAND = ("band", "from 10% to 90% of the MACs")

KEY = (MEAN, EVALUATION, BAND)
"""What lines mean."""


def curve_panels(found: Curves, words: Words) -> list[Panel]:
    """A panel for each layer; `words` is what the axes say."""
    layers = list(dict.fromkeys(view.layers[curve.layer] for view, curves in found for curve in curves))
    return [_panel(_of_layer(found, layer), layer, words) for layer in layers]


def _of_layer(found: Curves, layer: str) -> list[tuple[View, Curve]]:
    return [(view, curve) for view, curves in found for curve in curves if view.layers[curve.layer] == layer]


def _panel(found: Sequence[tuple[View, Curve]], layer: str, words: Words) -> Panel:
    until = max(int(curve.seen[-1]) for _, curve in found)
    traces = [chance_line(view, curve.chance, 0, until) for view, curve in found if curve.chance is not None]
    for view, curve in found:
        traces += [*_band(view, curve), _mean(view, curve)]
    traces += _returns(found)
    return Panel(
        title=layer,
        label=f"{words.title} in layer {layer}. {' '.join(_ends(view, curve) for view, curve in found)}",
        figure=figure(traces, x={"title": words.x, "rangemode": "tozero"}, y={"title": words.y}),
    )


def _returns(found: Sequence[tuple[View, Curve]]) -> list[Any]:
    """A line up the panel wherever training of a run went back to an earlier epoch."""
    low = min(float(np.nanmin(curve.values)) for _, curve in found)
    high = max(float(np.nanmax(curve.values)) for _, curve in found)
    marked = {(view.series, each): view for view, curve in found for each in curve.returns}
    return [
        go.Scatter(
            x=[each.seen, each.seen],
            y=[low, high],
            mode="lines",
            line={"width": 1.5, "dash": "dashdot"},
            hovertemplate=f"training went back to epoch {each.epoch} from {each.before}<br>at step {each.step:,}"
            f"<extra>{text(view.name)}</extra>",
            name=text(f"{view.name}, went back"),
            meta={"series": series, "role": "return"},
        )
        for (series, each), view in marked.items()
    ]


def _ends(view: View, curve: Curve) -> str:
    mean = curve.mean
    known = np.flatnonzero(~np.isnan(mean))
    if not len(known):
        return ""
    first, last = known[[0, -1]]
    chance = "" if curve.chance is None else f"; by chance {in_words(curve.chance)}"
    return (
        f"{view.name}, {curve.phase}: mean over MACs {in_words(mean[first])} after {curve.seen[first]:,} "
        f"samples, {in_words(mean[last])} after {curve.seen[last]:,}{chance}."
    )


def is_few(curve: Curve) -> bool:
    """Whether a curve is better shown as marks than as a line with a band."""
    return len(curve.seen) <= FEW


def _band(view: View, curve: Curve) -> list[Any]:
    if is_few(curve) or curve.values.shape[1] == 1:
        return []
    low, high = curve.quantile(0.1), curve.quantile(0.9)
    return [band(view, curve.seen, low, high)]


def _mean(view: View, curve: Curve) -> Any:
    mean, is_eval = curve.mean, curve.phase == "eval"
    bars: dict[str, Any] = {}
    if is_few(curve) and curve.values.shape[1] > 1:
        above, below = curve.quantile(0.9) - mean, mean - curve.quantile(0.1)
        bars = {"error_y": {"type": "data", "array": small(above), "arrayminus": small(below), "width": 3}}
    return go.Scatter(
        x=small(curve.seen),
        y=small(mean),
        customdata=small(curve.step),
        name=text(f"{view.name}, {curve.phase}"),
        mode="markers" if is_eval else "lines+markers" if is_few(curve) else "lines",
        line={"width": 2.5},
        marker={"size": 9 if is_few(curve) else 5, "line": {"width": 1.5}},
        hovertemplate="mean %{y:.4~g}<br>after %{x:,} samples, step %{customdata:,}"
        f"<extra>{text(view.name)}, {curve.phase}</extra>",
        meta={"series": view.series, "role": "eval" if is_eval else "line"},
        **bars,
    )


def remarks(found: Curves) -> list[str]:
    """Sentences on what was joined, and on what is marked."""
    every = [curve for _, curves in found for curve in curves]
    joined = {
        phase: max((curve.joined for curve in every if curve.phase == phase), default=1)
        for phase in ("train", "eval")
    }
    said = []
    if joined["train"] > 1:
        said.append(f"Each point joins up to {joined['train']:,} training steps.")
    if joined["eval"] > 1:
        said.append(f"Each evaluation point joins up to {joined['eval']:,} steps.")
    if any(curve.returns for curve in every):
        said.append("Dash-dotted lines up a chart: training went back to an earlier epoch.")
    return said


def spread_groups(
    found: Curves, layers: Sequence[str], words: Words, *, title: str = "Spread over MACs"
) -> list[Group]:
    """How values are spread over the MACs of each layer; none where there are no values."""
    return [Group(title=title, panels=[_spread(found, layers, words)], width="whole")] if found else []


def _spread(found: Curves, layers: Sequence[str], words: Words) -> Panel:
    """A box for each run, beside each other."""
    ticks = {layer: tick for tick, layer in enumerate(layers)}
    boxes = [_box(view, curves, ticks) for view, curves in found]
    names = {"tickvals": list(ticks.values()), "ticktext": [text(layer) for layer in ticks]}
    return Panel(
        title="Each point is a MAC; the box holds half of them, its line is the median",
        label=f"{words.title}: how its values over the whole run are spread over the MACs of each layer. "
        + " ".join(_spread_in_words(view, curve) for view, curves in found for curve in curves),
        figure=figure(
            boxes,
            x={"title": "layer", **names, "range": [-0.5, len(layers) - 0.5]},
            y={"title": words.y},
            boxmode="group",
        ),
    )


def _spread_in_words(view: View, curve: Curve) -> str:
    known = curve.overall[~np.isnan(curve.overall)]
    if not len(known):
        return ""
    low, high = known.min(), known.max()
    said = f"{in_words(low)} to {in_words(high)}, mean {in_words(known.mean())}"
    return f"{view.name}, {view.layers[curve.layer]}: {said}."


def _box(view: View, curves: Sequence[Curve], ticks: dict[str, int]) -> Any:
    known = [~np.isnan(curve.overall) for curve in curves]
    macs = [np.flatnonzero(mine) for mine in known]
    return go.Box(
        x=small(
            np.repeat([ticks[view.layers[curve.layer]] for curve in curves], [len(mine) for mine in macs])
        ),
        y=small(np.concatenate([curve.overall[mine] for curve, mine in zip(curves, known, strict=True)])),
        customdata=small(np.concatenate(macs)),
        name=text(view.name),
        boxpoints="all",
        jitter=0.6,
        pointpos=0,
        marker={"size": 4},
        line={"width": 1.5},
        hoveron="points",
        hovertemplate=f"MAC %{{customdata}}: %{{y:.4~g}}<extra>{text(view.name)}</extra>",
        meta={"series": view.series, "role": "box"},
    )
