"""Match accuracy by class and by distance: points for each layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparsey_trace.layout import NO_LABEL
from sparsey_trace.pictures.words import DISTANCES, WORDS
from sparsey_trace.plotting.style import color_of, legend, line_of, marker_of, set_aside

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from sparsey_trace.pictures.matches import Matches
    from sparsey_trace.plotting.look import Look

_MOST_UPRIGHT = 12
"""More classes' names wouldn't stand side by side."""


def draw_by_class(ax: Axes, found: Sequence[Matches], *, look: Look) -> None:
    """A point for each class and layer."""
    for place, layer in enumerate(found):
        classes = ["none" if label == NO_LABEL else str(label) for label in layer.label]
        number = look.number_of(ax, layer.layer)
        (marks,) = ax.plot(
            classes,
            layer.by_class,
            color=look.color or color_of(number),
            linestyle="",
            marker=marker_of(number),
            label=look.label_of(layer.name),
        )
        set_aside(ax, [marks], place=place, of=len(found))
        if len(classes) > _MOST_UPRIGHT:
            ax.tick_params(axis="x", rotation=90)
    _finish(ax, "match_accuracy_by_class")


def draw_by_distance(ax: Axes, found: Sequence[Matches], *, look: Look) -> None:
    """A point for each bin of distances and layer, as wide as the bin."""
    for layer in found:
        number = look.number_of(ax, layer.layer)
        middle = (layer.low + layer.high) / 2
        ax.errorbar(
            middle,
            layer.by_distance,
            xerr=(layer.high - layer.low) / 2,
            color=look.color or color_of(number),
            linestyle=line_of(number),
            marker=marker_of(number),
            label=look.label_of(layer.name),
        )
    _finish(ax, "match_accuracy_by_distance")
    for layer in found:
        ax.set_xlabel(DISTANCES[layer.measure])


def _finish(ax: Axes, name: str) -> None:
    ax.set(xlabel=WORDS[name].x, ylabel=WORDS[name].y)
    legend(ax, "mean over MACs")
