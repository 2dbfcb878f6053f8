"""Maps of a layer in a report: what those of MACs and of CMs share."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go
from plotly.colors import sample_colorscale

from sparsey_trace.charts.panels.figure import figure, small
from sparsey_trace.charts.panels.panel import Group
from sparsey_trace.charts.shared.colours import MEASURE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sparsey_trace.charts.panels.panel import Panel
    from sparsey_trace.charts.shared.grid import Grid
    from sparsey_trace.charts.shared.views import View, Views
    from sparsey_trace.charts.shared.words import Words


def by_layer(views: Views, panels: Sequence[tuple[str, View, Panel]], *, chart: str = "") -> list[Group]:
    """Panels of one run together, by layer; of several runs a group for each layer, by run.

    Args:
        views: all runs.
        panels: each with what its layer is called, and its run.
        chart: what they are called, where other charts stand in the same groups.
    """
    if not views.are_several:
        return [Group(panels=[panel for _, _, panel in panels])]
    return [
        Group(
            title=layer,
            panels=[
                replace(panel, title=of_run(chart, view)) for name, view, panel in panels if name == layer
            ],
        )
        for layer in dict.fromkeys(name for name, _, _ in panels)
    ]


def of_run(chart: str, view: View) -> str:
    """The title of one run's panel, among those of several runs and, where it has a name, of several charts."""
    return f"{chart}: {view.name}" if chart else view.name


def figure_of_macs(
    view: View,
    grid: Grid,
    values: NDArray[np.float64],
    silent: NDArray[np.bool_],
    *,
    words: Words,
    high: float,
    title: str,
    ticks: str,
    said: Sequence[str],
) -> dict[str, Any]:
    """All of a grid, a value as the colour of each MAC's cell; silent ones crossed.

    Args:
        view: the run.
        grid: where the MACs stand.
        values: [M].
        silent: [M].
        words: of the chart.
        high: where the scale, which begins at 0, ends.
        title: of the scale.
        ticks: how its numbers are written.
        said: [M], what the mouse finds on each.
    """
    x, y = grid.positions.T
    marks = go.Scatter(
        x=small(x),
        y=small(y),
        mode="markers",
        name="MACs",
        text=[f"MAC {mac}: {text}" for mac, text in enumerate(said)],
        hovertemplate="%{text}<extra></extra>",
        marker=marker(values, low=0, high=high, title=title, ticks=ticks, size=14),
        meta={"role": "marks", "series": view.series},
    )
    return figure([marks, crosses(grid, silent)], **map_axes(grid, words), shapes=_cells(grid, values / high))


def _cells(grid: Grid, share: NDArray[np.float64]) -> list[dict[str, Any]]:
    """A shape for each MAC, which grows with the axes, as marks don't; coloured by a share [M] of the scale."""
    colours = sample_colorscale(MEASURE, np.clip(share, 0, 1).tolist())
    return [
        {
            "type": "path",
            "path": "M" + "L".join(f"{x:.6g},{y:.6g}" for x, y in position + grid.outline) + "Z",
            "fillcolor": colour,
            "line": {"width": 1},
            "layer": "below",
        }
        for position, colour in zip(grid.positions, colours, strict=True)
    ]


def map_axes(grid: Grid, words: Words) -> dict[str, dict[str, Any]]:
    """The axes `x` and `y` of a figure, as far as cells reach; y downwards as in the input's rows."""
    low = grid.positions.min(axis=0) - 0.6 * grid.spacing
    high = grid.positions.max(axis=0) + 0.6 * grid.spacing
    plain = {"showgrid": False, "zeroline": False}
    return {
        "x": {"title": words.x, "range": [float(low[0]), float(high[0])], **plain},
        "y": {"title": words.y, "range": [float(high[1]), float(low[1])], "scaleanchor": "x", **plain},
    }


def marker(
    values: NDArray[Any], *, low: float, high: float, title: str, ticks: str, size: int
) -> dict[str, Any]:
    """Marks that the mouse finds but nobody sees, as shapes show the colours; and the scale of these.

    Args:
        values: [n] what is measured.
        low: where the scale begins.
        high: where it ends.
        title: of the scale.
        ticks: how its numbers are written.
        size: how near the mouse has to be, in pixels.
    """
    return {
        "size": size,
        "opacity": 0,
        "color": small(values),
        "cmin": low,
        "cmax": high,
        "colorscale": MEASURE,
        "showscale": True,
        "colorbar": {
            "title": {"text": title, "side": "right"},
            "tickformat": ticks,
            "thickness": 12,
            "outlinewidth": 0,
        },
    }


def crosses(grid: Grid, silent: NDArray[np.bool_]) -> Any:
    """Crosses on silent MACs [M]."""
    x, y = grid.positions[silent].T
    return go.Scatter(
        x=small(x),
        y=small(y),
        mode="markers",
        name="never active",
        hoverinfo="skip",
        marker={"symbol": "x-thin", "size": 10, "line": {"width": 2, "color": "#ffffff"}},
        meta={"role": "crosses"},
    )
