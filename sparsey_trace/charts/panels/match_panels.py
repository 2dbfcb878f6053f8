"""Winners that agree, of single samples: a panel for each layer, runs on top of each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np
import plotly.graph_objects as go

from sparsey_trace.charts.panels.figure import chance_line, figure, small, text
from sparsey_trace.charts.panels.panel import Panel
from sparsey_trace.charts.shared.matches import matches

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    from numpy.typing import NDArray

    from sparsey_trace.charts.shared.group_means import GroupMeans
    from sparsey_trace.charts.shared.matches import Matches
    from sparsey_trace.charts.shared.views import View, Views
    from sparsey_trace.charts.shared.words import Words

    FoundMatches: TypeAlias = Sequence[tuple[View, Sequence[Matches]]]
    """Each run's matches."""


class _WithChance(Protocol):
    """What is shown of a layer, beside what it would be by chance."""

    @property
    def layer(self) -> int: ...

    @property
    def chance(self) -> float | None: ...


M = TypeVar("M", bound=_WithChance)


def matches_of(views: Views) -> FoundMatches:
    """Those of all runs that have any."""
    found = [(view, view.run.once(matches)) for view in views.having("match_accuracy")]
    return [(view, layers) for view, layers in found if layers]


def match_panels(
    found: Sequence[tuple[View, Sequence[M]]],
    words: Words,
    trace: Callable[[View, M], Any],
    ends: Callable[[M], str],
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


def binned_line(
    view: View, low: NDArray[np.float64], high: NDArray[np.float64], found: GroupMeans, *, called: str
) -> Any:
    """Means of bins, which go from [B] low to [B] high, with their intervals and widths; `called` is what is binned."""
    return go.Scatter(
        x=small((low + high) / 2),
        y=small(found.mean),
        error_y=whiskers(found, width=0, thickness=1),
        customdata=small(found.size),
        text=[f"{a:.4g}" if a == b else f"{a:.4g} to {b:.4g}" for a, b in zip(low, high, strict=True)],
        name=text(view.name),
        mode="lines+markers",
        line={"width": 2},
        marker={"size": 7},
        error_x={"type": "data", "array": small((high - low) / 2), "width": 0, "thickness": 1},
        hovertemplate=f"{text(called)} %{{text}}: %{{y:.4~g}}<br>%{{customdata:,}} samples"
        f"<extra>{text(view.name)}</extra>",
        meta={"series": view.series, "role": "line"},
    )


def whiskers(found: GroupMeans, **look: float) -> dict[str, Any]:
    """The intervals of shares as plotly takes them."""
    below, above = np.nan_to_num(found.whiskers)
    return {"type": "data", "symmetric": False, "array": small(above), "arrayminus": small(below), **look}
