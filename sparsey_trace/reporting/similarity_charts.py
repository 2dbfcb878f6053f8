"""Charts of input similarity against code similarity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from sparsey_trace.pictures.words import MEASURE, PALETTE, WORDS
from sparsey_trace.reporting.figures import Chart, figure, number, small

if TYPE_CHECKING:
    from sparsey_trace.pictures.similarity import Similarity
    from sparsey_trace.reporting.views import View


def similarity_chart(view: View, layer: Similarity) -> Chart:
    """The pairs of a layer, in logarithmic colour, and the mean code similarity."""
    said = WORDS["similarity"]
    known = np.flatnonzero(~np.isnan(layer.mean))
    ends = f"{number(layer.mean[known[0]])} to {number(layer.mean[known[-1]])}" if len(known) else "unknown"
    return Chart(
        title=said.title,
        label=f"{said.title} in layer {view.layers[layer.layer]} of {view.name}: {layer.counts.sum():,} pairs; from "
        f"the least to the most similar inputs, the mean code similarity goes from {ends}.",
        figure=figure(
            [_heat(layer), _mean(layer)],
            x={"title": said.x, "range": [0, 1], "showgrid": False},
            y={"title": said.y, "range": [0, 1], "showgrid": False},
        ),
    )


def _heat(layer: Similarity) -> Any:
    counts = layer.counts.T
    logarithm = np.log10(counts, out=np.full(counts.shape, np.nan), where=counts > 0)
    decades = np.arange(0, int(np.log10(max(1, counts.max()))) + 1)
    middle = (layer.edges[:-1] + layer.edges[1:]) / 2
    return go.Heatmap(
        x=small(middle),
        y=small(middle),
        z=small(logarithm),
        customdata=small(counts),
        colorscale=MEASURE,
        zmin=0,
        zmax=max(1.0, float(np.log10(max(1, counts.max())))),
        colorbar={
            "title": {"text": "pairs", "side": "right"},
            "tickvals": decades.tolist(),
            "ticktext": [f"{10**decade:,}" for decade in decades.tolist()],
            "thickness": 12,
            "outlinewidth": 0,
        },
        hoverongaps=False,
        hovertemplate="inputs %{x:.2f}, codes %{y:.2f}<br>%{customdata:,} pairs<extra></extra>",
        meta={"role": "heat"},
    )


def _mean(layer: Similarity) -> Any:
    middle = (layer.edges[:-1] + layer.edges[1:]) / 2
    known = ~np.isnan(layer.mean)
    return go.Scatter(
        x=small(middle[known]),
        y=small(layer.mean[known]),
        mode="lines+markers",
        line={"width": 2.5, "color": PALETTE[1]},
        marker={"size": 5, "color": "#ffffff", "line": {"width": 1.5, "color": PALETTE[1]}},
        hovertemplate="inputs %{x:.2f}: mean code similarity %{y:.3f}<extra></extra>",
        name="mean code similarity",
        meta={"role": "mean"},
    )
