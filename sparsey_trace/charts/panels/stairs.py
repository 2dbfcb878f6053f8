"""Histograms in a report: steps, training as a line and evaluation as a dashed one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from sparsey_trace.charts.panels.figure import small, text
from sparsey_trace.charts.shared.histogram import share

if TYPE_CHECKING:
    from sparsey_trace.charts.shared.histogram import Histogram
    from sparsey_trace.charts.shared.views import View


def stairs(view: View, layer: Histogram, phase: str, *, of: str) -> Any:
    """A point in the middle of each bin, and one at each end; `of` is what is counted."""
    edges, bins, shares = layer.edges, layer.bins, share(layer, phase)
    middle = (edges[1:] + edges[:-1]) / 2
    return go.Scatter(
        x=small(np.concatenate([edges[:1], middle, edges[-1:]])),
        y=small(np.pad(shares, 1, "edge")),
        text=[bins[0], *bins, bins[-1]],
        customdata=small(np.pad(layer.counts[phase], 1, "edge")),
        name=text(f"{view.name}, {phase}"),
        mode="lines",
        line={"width": 2, "shape": "hvh", "dash": "dash" if phase == "eval" else "solid"},
        hovertemplate=f"%{{text}}: %{{y:.2%}} of the {of} (%{{customdata:,}})"
        f"<extra>{text(view.name)}, {phase}</extra>",
        meta={"series": view.series, "role": "line"},
    )
