"""Means of bins on axes of matplotlib: points with their intervals, as wide as the bins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparsey_trace.charts.axes.curve_lines import draw_chance
from sparsey_trace.charts.axes.style import color_of, line_of, marker_of

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from sparsey_trace.charts.axes.look import Look
    from sparsey_trace.charts.shared.group_means import GroupMeans


def draw_bins(
    ax: Axes,
    layer: int,
    name: str,
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    found: GroupMeans,
    look: Look,
    *,
    chance: float | None = None,
) -> None:
    """One layer's bins, which go from [B] low to [B] high, and a dotted line of chance where it is known."""
    number = look.number_of(ax, layer)
    color = look.color or color_of(number)
    ax.errorbar(
        (low + high) / 2,
        found.mean,
        xerr=(high - low) / 2,
        yerr=found.whiskers,
        elinewidth=0.8,
        color=color,
        linestyle=line_of(number),
        marker=marker_of(number),
        label=look.label_of(name),
    )
    draw_chance(ax, chance, color)
