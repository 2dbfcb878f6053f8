"""Figures of plotly as plain values: their axes, their numbers, and text that is taken for nothing but text."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from sparsey_trace.support.printable import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sparsey_trace.charts.shared.views import View


def text(found: object) -> str:
    """Text as Plotly has to be told it, so that it shows what it is, and no tag or %{variable} in it works.

    >>> text("<b>v1</b> %{x}")
    '&lt;b&gt;v1&lt;/b&gt; &#37;{x}'
    """
    return html.escape(printable(str(found)), quote=False).replace("%", "&#37;")


def small(values: NDArray[Any]) -> NDArray[Any]:
    """Numbers as they are sent to the browser: float32 or int32, half as long as what they were computed with."""
    return values.astype(np.float32 if np.issubdtype(values.dtype, np.floating) else np.int32)


def figure(traces: Sequence[Any], *, x: dict[str, Any], y: dict[str, Any], **layout: Any) -> dict[str, Any]:
    """A figure as plain values.

    Args:
        traces: what it shows, from the lowest up.
        x: the horizontal axis; `title` is its text.
        y: the vertical axis; a long title is broken before its unit.
        layout: what else there is.
    """
    y = {**y, "title": {"text": y["title"].replace(" (", "<br>(") if len(y["title"]) > 34 else y["title"]}}
    x = {**x, "title": {"text": x["title"]}}
    # The page has its own; a figure would copy Plotly's, which takes longer than all else.
    layout = {"xaxis": x, "yaxis": y, "template": {}, **layout}
    made: dict[str, Any] = go.Figure(list(traces), layout).to_dict()
    made["layout"].pop("template", None)
    return made


def chance_line(view: View, value: float, start: float, stop: float) -> Any:
    """What a run would come to by chance, across a chart from `start` to `stop`."""
    return go.Scatter(
        x=[start, stop],
        y=[value, value],
        mode="lines",
        line={"width": 1.5, "dash": "dot"},
        hovertemplate=f"by chance %{{y:.4~g}}<extra>{text(view.name)}</extra>",
        name=text(f"{view.name}, by chance"),
        meta={"series": view.series, "role": "chance"},
    )


def band(view: View, x: NDArray[Any], low: NDArray[Any], high: NDArray[Any]) -> Any:
    """The area between two lines [P] of a run, cut where these are nan."""
    known = np.flatnonzero(~np.isnan(low))
    x, low, high = (line.astype(np.float64) for line in (x, low, high))
    parts = np.split(known, np.flatnonzero(np.diff(known) > 1) + 1)
    return go.Scatter(
        x=small(np.concatenate([[*x[part], *x[part][::-1], np.nan] for part in parts])[:-1]),
        y=small(np.concatenate([[*high[part], *low[part][::-1], np.nan] for part in parts])[:-1]),
        mode="lines",
        line={"width": 0},
        fill="toself",
        hoverinfo="skip",
        meta={"series": view.series, "role": "band"},
    )


def in_words(value: float) -> str:
    """A number in a sentence.

    >>> in_words(0.98765), in_words(12345.0)
    ('0.9877', '12,345')
    """
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"
