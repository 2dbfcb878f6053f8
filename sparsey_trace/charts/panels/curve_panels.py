"""How values went over a run: a panel for each layer, runs on top of each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from sparsey_trace.charts.panels.figure import figure, in_words, small, text
from sparsey_trace.charts.panels.panel import Group, Panel
from sparsey_trace.charts.shared.points import evenly

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from sparsey_trace.charts.shared.curves import Curve
    from sparsey_trace.charts.shared.views import View
    from sparsey_trace.charts.shared.words import Words

    Curves: TypeAlias = Sequence[tuple[View, Sequence[Curve]]]
    """Each run's curves."""

MOST_LINES = 60
"""MACs of a layer that get a line of their own."""

MOST_LINE_POINTS = 100
"""On each of them."""

FEW = 12
"""So few points are marked, with bars for the band."""

MEAN = ("line", "mean over the MACs of a layer, training")
BAND = ("band", "from 10% to 90% of the MACs")
MACS = ("mac", "single MACs: the mouse finds which")

KEY = (MEAN, ("dash", "the same in evaluation"), BAND)
"""What lines mean."""


def curve_panels(found: Curves, words: Words, *, with_macs: bool = False) -> list[Panel]:
    """A panel for each layer.

    Args:
        found: each run's curves.
        words: what the axes say.
        with_macs: also show single MACs, where there is only one run.
    """
    layers = list(dict.fromkeys(view.layers[curve.layer] for view, curves in found for curve in curves))
    return [_panel(_of_layer(found, layer), layer, words, with_macs=with_macs) for layer in layers]


def _of_layer(found: Curves, layer: str) -> list[tuple[View, Curve]]:
    return [(view, curve) for view, curves in found for curve in curves if view.layers[curve.layer] == layer]


def _panel(found: Sequence[tuple[View, Curve]], layer: str, words: Words, *, with_macs: bool) -> Panel:
    traces = [single_macs(view, curve) for view, curve in found if with_macs and curve.values.shape[1] > 1]
    for view, curve in found:
        traces += [*_band(view, curve), _mean(view, curve)]
    return Panel(
        title=layer,
        label=f"{words.title} in layer {layer}. {' '.join(_ends(view, curve) for view, curve in found)}",
        figure=figure(traces, x={"title": words.x}, y={"title": words.y}),
    )


def _ends(view: View, curve: Curve) -> str:
    mean = curve.mean
    known = np.flatnonzero(~np.isnan(mean))
    if not len(known):
        return ""
    first, last = known[[0, -1]]
    return (
        f"{view.name}, {curve.phase}: mean over MACs {in_words(mean[first])} after {curve.seen[first]:,} "
        f"samples, {in_words(mean[last])} after {curve.seen[last]:,}."
    )


def is_few(curve: Curve) -> bool:
    """Whether a curve is better shown as marks than as a line with a band."""
    return len(curve.seen) <= FEW


def _band(view: View, curve: Curve) -> list[Any]:
    if is_few(curve) or curve.values.shape[1] == 1:
        return []
    low, high = curve.quantile(0.1), curve.quantile(0.9)
    known = ~np.isnan(low)
    seen, low, high = curve.seen[known], low[known], high[known]
    return [
        go.Scatter(
            x=small(np.concatenate([seen, seen[::-1]])),
            y=small(np.concatenate([high, low[::-1]])),
            mode="lines",
            line={"width": 0},
            fill="toself",
            hoverinfo="skip",
            meta={"series": view.series, "role": "band"},
        )
    ]


def _mean(view: View, curve: Curve) -> Any:
    mean = curve.mean
    bars: dict[str, Any] = {}
    if is_few(curve) and curve.values.shape[1] > 1:
        above, below = curve.quantile(0.9) - mean, mean - curve.quantile(0.1)
        bars = {"error_y": {"type": "data", "array": small(above), "arrayminus": small(below), "width": 3}}
    return go.Scatter(
        x=small(curve.seen),
        y=small(mean),
        customdata=small(curve.step),
        name=text(f"{view.name}, {curve.phase}"),
        mode="lines+markers" if is_few(curve) else "lines",
        line={"width": 2.5, "dash": "dash" if curve.phase == "eval" else "solid"},
        marker={"size": 9, "line": {"width": 1.5}},
        hovertemplate="mean %{y:.4~g}<br>after %{x:,} samples, step %{customdata:,}"
        f"<extra>{text(view.name)}, {curve.phase}</extra>",
        meta={"series": view.series, "role": "line"},
        **bars,
    )


def single_macs(view: View, curve: Curve) -> Any:
    """Single MACs in one trace, for speed: their lines follow each other, with a gap between."""
    macs = evenly(curve.values.shape[1], MOST_LINES)
    points = evenly(len(curve.seen), MOST_LINE_POINTS)
    values = np.full((len(macs), len(points) + 1), np.nan)
    values[:, :-1] = curve.values[np.ix_(points, macs)].T
    seen = np.append(curve.seen[points], curve.seen[-1])
    return go.Scatter(
        x=small(np.tile(seen, len(macs))),
        y=small(values.ravel()),
        customdata=small(np.repeat(macs, len(seen))),
        name="single MACs",
        mode="lines",
        line={"width": 1},
        hovertemplate="MAC %{customdata}: %{y:.4~g}<br>after %{x:,} samples<extra></extra>",
        meta={"series": view.series, "role": "mac"},
    )


def thinned(found: Curves, *, with_macs: bool = False) -> list[str]:
    """Sentences on what was joined or left out."""
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
    if with_macs and any(curve.values.shape[1] > MOST_LINES for curve in every):
        said.append(f"Of layers with more than {MOST_LINES} MACs, so many, evenly chosen, have a line.")
    if with_macs and any(len(curve.seen) > MOST_LINE_POINTS for curve in every):
        said.append(f"Lines of single MACs have {MOST_LINE_POINTS} points. Means and bands are of all MACs.")
    return said


def spread_groups(found: Curves, layers: Sequence[str], words: Words) -> list[Group]:
    """How values are spread over the MACs of each layer; none where there are no values."""
    return [Group(title="By layer", panels=[_spread(found, layers, words)], width="whole")] if found else []


def _spread(found: Curves, layers: Sequence[str], words: Words) -> Panel:
    """A box for each run, beside each other."""
    ticks = {layer: tick for tick, layer in enumerate(layers)}
    boxes = [_box(view, curves, ticks) for view, curves in found]
    names = {"tickvals": list(ticks.values()), "ticktext": [text(layer) for layer in ticks]}
    return Panel(
        title="Spread over MACs",
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
