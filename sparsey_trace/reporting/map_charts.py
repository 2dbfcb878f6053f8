"""Charts of how often MACs were active, each where it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go
from plotly.colors import sample_colorscale

from sparsey_trace.pictures.words import MEASURE, WORDS
from sparsey_trace.reporting.figures import Chart, figure, number, small

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sparsey_trace.pictures.activity import Activity
    from sparsey_trace.pictures.grid import Grid
    from sparsey_trace.reporting.views import View

_NAME = "num_activations"


def map_charts(found: Sequence[tuple[View, Sequence[Activity]]]) -> list[tuple[str, View, Chart]]:
    """A chart for each layer and run, with the layer's name; by layer."""
    top = max((float(layer.share.max()) for _, layers in found for layer in layers), default=0.0) or 1.0
    charts = [
        (view.layers[layer.layer], view, _chart(view, layer, top))
        for view, layers in found
        for layer in layers
    ]
    names = list(dict.fromkeys(name for name, _, _ in charts))
    return sorted(charts, key=lambda chart: names.index(chart[0]))


def _chart(view: View, layer: Activity, top: float) -> Chart:
    silent = int(layer.silent.sum())
    said = "none was silent" if not silent else f"{silent:,} never active"
    name = view.layers[layer.layer]
    laid = "" if layer.grid.is_recorded else "The trace has no positions: MACs stand in rows, left to right."
    reach = _reach(layer.grid)
    return Chart(
        title=name,
        label=f"{WORDS[_NAME].title} of the {len(layer.share):,} MACs of layer {name} of {view.name}: active for "
        f"{number(layer.share.min())} to {number(layer.share.max())} of the samples; {said}.",
        caption=f"{len(layer.share):,} MACs, {said}. {laid}".strip(),
        figure=figure(
            [_marks(view, layer, top), _crosses(layer)],
            x={"title": WORDS[_NAME].x, "range": reach[0], "showgrid": False, "zeroline": False},
            y={
                "title": WORDS[_NAME].y,
                "range": reach[1][::-1],
                "scaleanchor": "x",
                "showgrid": False,
                "zeroline": False,
            },
            shapes=_cells(layer, top),
        ),
    )


def _reach(grid: Grid) -> list[list[float]]:
    """From where to where cells reach, in x and in y."""
    low, high = grid.places.min(axis=0) - 0.6 * grid.spacing, grid.places.max(axis=0) + 0.6 * grid.spacing
    return [[float(start), float(end)] for start, end in zip(low, high, strict=True)]


def _cells(layer: Activity, top: float) -> list[dict[str, Any]]:
    """A shape for each MAC, which grows with the axes, as marks don't."""
    colours = sample_colorscale(MEASURE, np.clip(layer.share / top, 0, 1).tolist())
    return [
        {
            "type": "path",
            "path": "M" + "L".join(f"{x:.6g},{y:.6g}" for x, y in place + layer.grid.outline) + "Z",
            "fillcolor": colour,
            "line": {"width": 1},
            "layer": "below",
        }
        for place, colour in zip(layer.grid.places, colours, strict=True)
    ]


def _marks(view: View, layer: Activity, top: float) -> Any:
    """What the mouse finds in the cells, and what the colours mean."""
    x, y = layer.grid.places.T
    return go.Scatter(
        x=small(x),
        y=small(y),
        mode="markers",
        name="MACs",
        text=[f"MAC {mac}: active for {share:.2%} of the samples" for mac, share in enumerate(layer.share)],
        hovertemplate="%{text}<extra></extra>",
        marker={
            "size": 14,
            "opacity": 0,
            "color": small(layer.share),
            "cmin": 0,
            "cmax": top,
            "colorscale": MEASURE,
            "showscale": True,
            "colorbar": {
                "title": {"text": "share of samples", "side": "right"},
                "tickformat": ".0%" if top > 0.05 else ".2~%",
                "thickness": 12,
                "outlinewidth": 0,
            },
        },
        meta={"role": "marks", "series": view.place},
    )


def _crosses(layer: Activity) -> Any:
    x, y = layer.grid.places[layer.silent].T
    return go.Scatter(
        x=small(x),
        y=small(y),
        mode="markers",
        name="never active",
        hoverinfo="skip",
        marker={"symbol": "x-thin", "size": 10, "line": {"width": 2, "color": "#ffffff"}},
        meta={"role": "crosses"},
    )
