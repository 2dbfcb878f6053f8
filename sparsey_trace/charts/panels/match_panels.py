"""Winners that agree, of single samples: a panel for each layer, runs on top of each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sparsey_trace.charts.panels.figure import chance_line, figure
from sparsey_trace.charts.panels.panel import Panel
from sparsey_trace.charts.shared.matches import matches

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    from sparsey_trace.charts.shared.matches import Matches
    from sparsey_trace.charts.shared.views import View, Views
    from sparsey_trace.charts.shared.words import Words

    FoundMatches: TypeAlias = Sequence[tuple[View, Sequence[Matches]]]
    """Each run's matches."""


def matches_of(views: Views) -> FoundMatches:
    """Those of all runs that have any."""
    found = [(view, view.run.once(matches)) for view in views.having("match_accuracy")]
    return [(view, layers) for view, layers in found if layers]


def match_panels(
    found: FoundMatches,
    words: Words,
    trace: Callable[[View, Matches], Any],
    ends: Callable[[Matches], str],
    *,
    across: tuple[float, float],
    **axis: Any,
) -> list[Panel]:
    """A panel for each layer.

    Args:
        found: each run's matches.
        words: what the axes say.
        trace: makes what plotly draws of one run's layer.
        ends: says the same in a few words.
        across: from where to where a line of chance goes.
        axis: more of the horizontal axis.
    """
    names = dict.fromkeys(view.layers[layer.layer] for view, layers in found for layer in layers)
    panels = []
    for name in names:
        mine = [
            (view, layer) for view, layers in found for layer in layers if view.layers[layer.layer] == name
        ]
        said = " ".join(f"{view.name}: {ends(layer)}." for view, layer in mine)
        chances = [
            chance_line(view, layer.chance, *across) for view, layer in mine if layer.chance is not None
        ]
        panels.append(
            Panel(
                title=name,
                label=f"{words.title}, layer {name}. {said}",
                figure=figure(
                    [*chances, *(trace(view, layer) for view, layer in mine)],
                    x={"title": words.x, **axis},
                    y={"title": words.y, "rangemode": "tozero"},
                ),
            )
        )
    return panels
