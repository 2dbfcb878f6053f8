"""Parallel coordinates for the browser, as lines: plotly's own need scripts that the report's page doesn't allow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go
from plotly.colors import sample_colorscale

from sparsey_trace.charts.panels.figure import figure, small, text
from sparsey_trace.charts.panels.panel import Panel
from sparsey_trace.charts.shared.colours import MEASURE

if TYPE_CHECKING:
    from sparsey_trace.charts.over_runs.scales import Lines
    from sparsey_trace.charts.shared.words import Words

_SHADES = 8
_UNKNOWN = "#999999"


def panel(found: Lines, words: Words) -> Panel:
    """The chart, with what it shows in words."""
    colours = [_UNKNOWN, *sample_colorscale(MEASURE, np.linspace(0, 1, _SHADES).tolist())]
    traces = []
    for shade in range(-1, _SHADES):
        runs = np.flatnonzero(found.shade == shade)
        if len(runs):
            traces.append(_lines(found, runs.tolist(), colours[shade + 1]))
    axes = found.axes
    traces.append(_rules(found))
    return Panel(
        title=f"{len(found.names):,} runs",
        label=f"{words.title}: {len(found.names):,} runs over the axes {', '.join(axis.name for axis in axes)}.",
        figure=figure(
            traces,
            x={
                "title": words.x,
                "tickvals": list(range(len(axes))),
                "ticktext": [text(axis.name) for axis in axes],
                "showgrid": False,
                "zeroline": False,
            },
            y={"title": words.y, "showticklabels": False, "showgrid": False, "zeroline": False},
        ),
    )


def _rules(found: Lines) -> Any:
    """The axes, with their labels."""
    places, heights, labels = [], [], []
    for place, axis in enumerate(found.axes):
        ticks = sorted(axis.ticks)
        places += [place] * (len(ticks) + 1)
        heights += [*(where for where, _ in ticks), None]
        labels += [*(text(label) for _, label in ticks), ""]
    return go.Scatter(
        x=places,
        y=heights,
        text=labels,
        mode="lines+text",
        textposition="middle right",
        textfont={"size": 11},
        line={"width": 1, "color": _UNKNOWN},
        hoverinfo="skip",
        meta={"role": "axes"},
    )


def _lines(found: Lines, runs: list[int], colour: str) -> Any:
    """Runs of one colour in one trace, for speed: their lines follow each other, with a gap between."""
    width = len(found.axes)
    heights = np.full((len(runs), width + 1), np.nan)
    heights[:, :width] = found.height[runs]
    told = [
        f"{text(found.names[run])}<br>{text(axis.name)}: {text(axis.texts[run])}"
        for run in runs
        for axis in (*found.axes, found.axes[-1])
    ]
    return go.Scatter(
        x=small(np.tile(np.arange(width + 1), len(runs))),
        y=small(heights.ravel()),
        text=told,
        mode="lines+markers",
        line={"width": 1, "color": colour},
        marker={"size": 4, "color": colour},
        opacity=0.8,
        hovertemplate="%{text}<extra></extra>",
        name="runs",
        meta={"role": "marks"},
    )
