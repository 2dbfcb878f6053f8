"""What all charts share: their parts, axes, and text that Plotly takes for nothing but text."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import plotly.graph_objects as go

from sparsey_trace.support.printable import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sparsey_trace.reporting.pictures import Gallery


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A chart with what stands around it.

    Attributes:
        title: its heading, as it is.
        label: what it shows, in a sentence for those who don't see it.
        figure: for Plotly; colours are added in the browser, where it is known whether it is dark.
        caption: what else is to be known.
    """

    title: str
    label: str
    figure: dict[str, Any]
    caption: str = ""


@dataclass(frozen=True, kw_only=True)
class Group:
    """Charts that stand together.

    Attributes:
        title: its heading; none where empty.
        charts: in order.
        maps: instead of these, layers of pictures.
        width: of each chart, on a wide screen.
    """

    title: str = ""
    charts: Sequence[Chart] = ()
    maps: Sequence[Gallery] = ()
    width: Literal["third", "half", "whole"] = "third"


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of the report.

    Attributes:
        name: of its anchor.
        title: its heading.
        meaning: how to read it.
        key: (name of a style, words) for what lines and marks mean.
        groups: what it shows.
        notes: lines on what was thinned out or couldn't be computed.
    """

    name: str
    title: str
    meaning: Sequence[str]
    key: Sequence[tuple[str, str]] = ()
    groups: Sequence[Group] = ()
    notes: Sequence[str] = field(default_factory=list)


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
    made: dict[str, Any] = go.Figure(list(traces), {"xaxis": x, "yaxis": y, **layout}).to_dict()
    made["layout"].pop("template", None)
    return made


def number(value: float) -> str:
    """A number in a sentence.

    >>> number(0.98765), number(12345.0)
    ('0.9877', '12,345')
    """
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"
