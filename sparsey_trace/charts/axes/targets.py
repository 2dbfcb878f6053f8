"""What charts are drawn on: axes that the caller has, or a new figure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.errors import UsageError
from sparsey_trace.layout import layer_number

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sparsey_trace.layout import Layout

    NewFigure: TypeAlias = Callable[[tuple[float, float] | None], Figure]
    """Makes a figure of a width and height in inches, or of what size is usual."""

COLUMNS = 3
"""Of layers that have axes of their own."""

_WIDTH = 7.09
"""Inches: 180 mm, the width of a page's text."""


def chosen_layers(layout: Layout, layer: int | str | None) -> tuple[int, ...]:
    """The numbers of the layers that a caller names, by number or by name; None for all.

    Raises:
        UsageError: there is no such layer.
    """
    names = [its.name for its in layout.layers]
    return tuple(range(len(names))) if layer is None else (layer_number(names, layer),)


def axes_for_all(ax: Axes | None, new_figure: NewFigure) -> Axes:
    """The axes of a chart of all layers."""
    return new_figure(None).subplots() if ax is None else ax


def axes_for_each(ax: Any, new_figure: NewFigure, names: Sequence[str]) -> list[Axes]:
    """The axes of each of the layers of these names.

    Raises:
        UsageError: other than as many axes were given.
    """
    if ax is None:
        rows, columns = math.ceil(len(names) / COLUMNS), min(len(names), COLUMNS)
        width = _WIDTH if columns > 1 else 0.6 * _WIDTH
        figure = new_figure((width, 0.4 + rows * min(width / columns + 0.2, 3.25)))
        _make_room(figure)
        grid = figure.subplots(rows, columns, squeeze=False).ravel()
        for unused in grid[len(names) :]:
            unused.remove()
        return list(grid[: len(names)])
    found = list(np.ravel(np.asarray(ax, dtype=object)))
    if len(found) != len(names):
        msg = (
            f"ax: expected axes for each of {len(names)} layers ({', '.join(names)}), found {len(found)}; "
            f"give as many, or name one layer: layer={names[-1]!r}"
        )
        raise UsageError(msg)
    return found


def _make_room(figure: Figure) -> None:
    """Colour bars stand inside axes, where layouts don't see them."""
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    engine = figure.get_layout_engine()
    if isinstance(engine, ConstrainedLayoutEngine):
        engine.set(wspace=0.15)
