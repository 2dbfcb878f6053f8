"""Do similar inputs get similar codes: a 2-d histogram of pairs, and their mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.pictures.words import MEASURE, PALETTE, WORDS
from sparsey_trace.plotting.style import scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sparsey_trace.pictures.similarity import Similarity


def draw(ax: Axes, found: Similarity) -> str:
    """Draw one layer.

    Returns:
        What is to be said below the layer's name.
    """
    from matplotlib.colors import LogNorm

    counts = np.ma.masked_equal(found.counts.T, 0)
    if counts.count():
        norm = LogNorm(1, max(2, int(found.counts.max())))
        # An image, not a mesh: readers of PDF show seams between the cells of a mesh.
        drawn = ax.imshow(
            counts, norm=norm, cmap=MEASURE, origin="lower", extent=(0, 1, 0, 1), interpolation="none"
        )
        scale(ax, drawn, "pairs of samples")
    middle = (found.edges[1:] + found.edges[:-1]) / 2
    ax.plot(middle, found.mean, color=PALETTE[1], marker=".", label="mean")
    ax.set(
        xlim=(0, 1), ylim=(0, 1), aspect="equal", xlabel=WORDS["similarity"].x, ylabel=WORDS["similarity"].y
    )
    ax.legend()
    return "" if found.samples == found.of else f"pairs of {found.samples:,} of {found.of:,} training samples"
