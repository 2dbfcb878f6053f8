"""Which MACs are alive: a layer's MACs on their grid, silent ones crossed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.pictures.words import MEASURE, WORDS
from sparsey_trace.plotting.style import scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from sparsey_trace.pictures.activity import Activity
    from sparsey_trace.pictures.grid import Grid


def draw(ax: Axes, found: Activity) -> str:
    """Draw one layer.

    Returns:
        What is to be said below the layer's name.
    """
    from matplotlib.collections import PolyCollection

    cells, silent = cells_of(found.grid), found.silent
    cross(ax, cells[silent])
    if not silent.all():
        shares = PolyCollection(list(cells[~silent]), cmap=MEASURE, edgecolors="face", linewidths=0.3)
        shares.set_array(found.share[~silent])
        shares.set_clim(0, None)
        ax.add_collection(shares)
        scale(ax, shares, "active (share of samples)")
    fit(ax, found.grid, cells)
    return f"{silent.sum():,} of {len(silent):,} MACs never active (crossed)" if silent.any() else ""


def cells_of(grid: Grid) -> NDArray[np.float64]:
    """[M, corners, 2] the outline of each MAC's place."""
    return np.asarray(grid.places[:, None] + grid.outline)


def cross(ax: Axes, cells: NDArray[np.float64]) -> None:
    """Cross the places of MACs that have nothing to show."""
    from matplotlib.collections import PolyCollection

    if len(cells):
        look: dict[str, Any] = {"facecolors": "none", "edgecolors": "0.5", "linewidths": 0.5, "hatch": "xx"}
        ax.add_collection(PolyCollection(list(cells), **look))


def fit(ax: Axes, grid: Grid, cells: NDArray[np.float64]) -> None:
    """Show all of a grid, y downwards as in the input's rows."""
    (left, top), (right, bottom) = cells.min(axis=(0, 1)), cells.max(axis=(0, 1))
    margin = 0.1 * grid.spacing
    ax.set(xlim=(left - margin, right + margin), ylim=(bottom + margin, top - margin), aspect="equal")
    if grid.is_recorded:
        ax.set(xlabel=WORDS["num_activations"].x, ylabel=WORDS["num_activations"].y)
    else:
        ax.set(xlabel="MACs in rows, as they have no positions", xticks=[], yticks=[])
