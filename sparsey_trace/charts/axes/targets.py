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

_COLUMNS = 3


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
        rows, columns = math.ceil(len(names) / _COLUMNS), min(len(names), _COLUMNS)
        figure = new_figure((0.6 + 3.6 * columns, 0.4 + 3.2 * rows))
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
