"""Histograms on axes of matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sparsey_trace.charts.shared.colours import PALETTE
from sparsey_trace.charts.shared.histogram import CALLED, share

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sparsey_trace.charts.shared.histogram import Histogram


def draw_stairs(ax: Axes, found: Histogram) -> None:
    """Training as an area, evaluation as a line over it."""
    from matplotlib.ticker import PercentFormatter

    for rank, phase in enumerate(found.counts):
        look: dict[str, Any] = {"fill": True, "alpha": 0.4} if not rank else {"lw": 1.5, "ls": "--"}
        ax.stairs(share(found, phase), found.edges, color=PALETTE[rank], label=CALLED[phase], **look)
    ax.set(xlim=found.edges[[0, -1]])
    # Above the highest bin there is room for the legend.
    ax.set_ylim(0, 1.3 * max(share(found, phase).max() for phase in found.counts))
    ax.yaxis.set_major_formatter(PercentFormatter(1))
    ax.legend(frameon=False)
