"""The cells of MACs on axes of matplotlib: each around its MAC's position, crossed where there is nothing to show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.charts.shared.colours import MEASURE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from sparsey_trace.charts.shared.grid import Grid


def cells_of(grid: Grid) -> NDArray[np.float64]:
    """[M, corners, 2] float64, the outline of each MAC's cell."""
    return np.asarray(grid.positions[:, None] + grid.outline)


def cross(ax: Axes, cells: NDArray[np.float64]) -> None:
    """Cross cells [m, corners, 2], those of MACs that have nothing to show."""
    from matplotlib.collections import PolyCollection

    if len(cells):
        look: dict[str, Any] = {"facecolors": "none", "edgecolors": "0.5", "linewidths": 0.5, "hatch": "xx"}
        ax.add_collection(PolyCollection(list(cells), **look))


def color_macs(
    ax: Axes,
    grid: Grid,
    values: NDArray[np.float64],
    silent: NDArray[np.bool_],
    *,
    high: float | None,
    label: str,
) -> None:
    """All of a grid, a value [M] as the colour of each MAC's cell; silent ones [M] crossed.

    Args:
        ax: the axes.
        grid: where the MACs stand.
        values: [M].
        silent: [M].
        high: where the scale, which begins at 0, ends; None for the highest value.
        label: of the scale.
    """
    from matplotlib.collections import PolyCollection

    from sparsey_trace.charts.axes.style import scale

    cells = cells_of(grid)
    cross(ax, cells[silent])
    if not silent.all():
        colours = PolyCollection(list(cells[~silent]), cmap=MEASURE, edgecolors="face", linewidths=0.3)
        colours.set_array(values[~silent])
        colours.set_clim(0, high)
        ax.add_collection(colours)
        scale(ax, colours, label)
    fit(ax, grid, cells)


def fit(ax: Axes, grid: Grid, cells: NDArray[np.float64]) -> None:
    """Show all of a grid with its cells [M, corners, 2], y downwards as in the input's rows."""
    (left, top), (right, bottom) = cells.min(axis=(0, 1)), cells.max(axis=(0, 1))
    margin = 0.1 * grid.spacing
    ax.set(xlim=(left - margin, right + margin), ylim=(bottom + margin, top - margin), aspect="equal")
    if grid.is_recorded:
        ax.set(xlabel="x position", ylabel="y position")
    else:
        ax.set(xlabel="MACs in rows, as they have no positions", xticks=[], yticks=[])
