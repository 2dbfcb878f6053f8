"""The cells of MACs on axes of matplotlib: each around its MAC's position, crossed where there is nothing to show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

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


def fit(ax: Axes, grid: Grid, cells: NDArray[np.float64]) -> None:
    """Show all of a grid with its cells [M, corners, 2], y downwards as in the input's rows."""
    (left, top), (right, bottom) = cells.min(axis=(0, 1)), cells.max(axis=(0, 1))
    margin = 0.1 * grid.spacing
    ax.set(xlim=(left - margin, right + margin), ylim=(bottom + margin, top - margin), aspect="equal")
    if grid.is_recorded:
        ax.set(xlabel="x position", ylabel="y position")
    else:
        ax.set(xlabel="MACs in rows, as they have no positions", xticks=[], yticks=[])
