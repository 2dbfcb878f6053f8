"""Charts of match accuracy by class and by distance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from sparsey_trace.layout import NO_LABEL
from sparsey_trace.pictures.words import WORDS
from sparsey_trace.reporting.figures import Chart, figure, number, small, text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sparsey_trace.pictures.matches import Matches
    from sparsey_trace.reporting.views import View


def by_class(found: Sequence[tuple[View, Sequence[Matches]]]) -> list[Chart]:
    """A chart for each layer; none where no sample has a label."""
    if all(set(layer.label.tolist()) <= {NO_LABEL} for _, layers in found for layer in layers):
        return []
    labels = sorted({label for _, layers in found for layer in layers for label in layer.label.tolist()})
    names = ["none" if label == NO_LABEL else str(label) for label in labels]
    places = {label: place for place, label in enumerate(labels)}
    axis = {"tickvals": list(places.values()), "ticktext": [text(name) for name in names]}
    if len(labels) > 20:
        axis = {
            "tickvals": list(places.values())[:: len(labels) // 10],
            "ticktext": names[:: len(labels) // 10],
        }

    def trace(view: View, layer: Matches) -> Any:
        return go.Scatter(
            x=[places[label] for label in layer.label.tolist()],
            y=small(layer.by_class),
            customdata=small(layer.class_size),
            text=[names[places[label]] for label in layer.label.tolist()],
            name=text(view.name),
            mode="markers",
            marker={"size": 10},
            hovertemplate="class %{text}: %{y:.4~g}<br>%{customdata:,} samples"
            f"<extra>{text(view.name)}</extra>",
            meta={"series": view.place, "role": "points"},
        )

    return _charts(found, "match_accuracy_by_class", trace, _worst_class, **axis)


def by_distance(found: Sequence[tuple[View, Sequence[Matches]]]) -> list[Chart]:
    """A chart for each layer."""

    def trace(view: View, layer: Matches) -> Any:
        pairs = zip(layer.low, layer.high, strict=True)
        return go.Scatter(
            x=small((layer.low + layer.high) / 2),
            y=small(layer.by_distance),
            customdata=small(layer.bin_size),
            text=[f"{low:g}" if low == high else f"{low:g} to {high:g}" for low, high in pairs],
            name=text(view.name),
            mode="lines+markers",
            line={"width": 2},
            marker={"size": 7},
            error_x={
                "type": "data",
                "array": small((layer.high - layer.low) / 2),
                "width": 0,
                "thickness": 1,
            },
            hovertemplate="distance %{text}: %{y:.4~g}<br>%{customdata:,} samples"
            f"<extra>{text(view.name)}</extra>",
            meta={"series": view.place, "role": "line"},
        )

    return _charts(found, "match_accuracy_by_distance", trace, _ends)


def _charts(
    found: Sequence[tuple[View, Sequence[Matches]]],
    words: str,
    trace: Callable[[View, Matches], Any],
    in_words: Callable[[Matches], str],
    **axis: Any,
) -> list[Chart]:
    said = WORDS[words]
    names = dict.fromkeys(view.layers[layer.layer] for view, layers in found for layer in layers)
    charts = []
    for name in names:
        mine = [
            (view, layer) for view, layers in found for layer in layers if view.layers[layer.layer] == name
        ]
        figures = " ".join(f"{view.name}: {in_words(layer)}." for view, layer in mine)
        charts.append(
            Chart(
                title=name,
                label=f"{said.title}, layer {name}. {figures}",
                figure=figure(
                    [trace(view, layer) for view, layer in mine],
                    x={"title": said.x, **axis},
                    y={"title": said.y},
                ),
            )
        )
    return charts


def _worst_class(layer: Matches) -> str:
    worst, best = int(layer.by_class.argmin()), int(layer.by_class.argmax())
    return (
        f"from {number(layer.by_class[worst])} for class {layer.label[worst]} "
        f"to {number(layer.by_class[best])} for class {layer.label[best]}"
    )


def _ends(layer: Matches) -> str:
    return (
        f"{number(layer.by_distance[0])} at distance {number(layer.low[0])}, "
        f"{number(layer.by_distance[-1])} at {number(layer.high[-1])}"
    )
