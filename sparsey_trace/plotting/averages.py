"""What MACs have come to stand for: their basis averages, each on its MAC's place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.pictures.words import PALETTE
from sparsey_trace.plotting.activity import cells_of, cross, fit
from sparsey_trace.plotting.style import scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from sparsey_trace.pictures.averages import Averages

_SHARE = 0.92
"""Of the spacing of MACs that a picture takes."""


def draw(ax: Axes, found: Averages) -> str:
    """Draw one layer.

    Returns:
        What is to be said below the layer's name.
    """
    from matplotlib.collections import LineCollection

    pictures, fields = cut(found.pictures, found.fields)
    height, width = pictures.shape[1:]
    step = _SHARE * found.grid.spacing / max(height, width)
    corners = found.grid.places[found.macs] - step * np.array([width, height]) / 2
    known = found.samples > 0
    low, high = _range(pictures[known])
    for (left, top), picture in zip(corners[known], pictures[known], strict=True):
        extent = (left, left + step * width, top + step * height, top)
        drawn = ax.imshow(picture, cmap="Greys", vmin=low, vmax=high, extent=extent, interpolation="none")
    if known.any():
        scale(ax, drawn, "mean input")
    edges = [
        corner + step * outline(field) for corner, field in zip(corners[known], fields[known], strict=True)
    ]
    ax.add_collection(
        LineCollection([edge for of_mac in edges for edge in of_mac], colors=PALETTE[1], lw=0.5)
    )
    cells = cells_of(found.grid)
    cross(ax, cells[found.macs[~known]])
    fit(ax, found.grid, cells)
    return _said(found, known)


def cut(
    pictures: NDArray[np.float32], fields: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The parts of pictures, and of fields, that hold the fields; all as large as the largest field.

    Args:
        pictures: [m, H, W].
        fields: [m, H, W].
    """
    down, across = (_window(np.any(fields, axis=side)) for side in (2, 1))
    mac = np.arange(len(fields))[:, None, None]
    part = (mac, down[:, :, None], across[:, None, :])
    return pictures[part], fields[part]


def _window(hit: NDArray[np.bool_]) -> NDArray[np.int64]:
    """[m, n] the places around those that are hit in each line of [m, N], in the middle as far as can be."""
    first, last = hit.argmax(axis=1), hit.shape[1] - hit[:, ::-1].argmax(axis=1)
    size = (last - first).max()
    start = np.clip((first + last - size) // 2, 0, hit.shape[1] - size)
    return np.asarray(start[:, None] + np.arange(size))


def outline(field: NDArray[np.bool_]) -> NDArray[np.float64]:
    """[edges, 2, 2] the sides of a field's features that face outwards, from (x, y) to (x, y) in features.

    >>> len(outline(np.array([[True, True]])))
    6
    """
    padded = np.pad(field, 1)
    y, x = np.nonzero(padded[1:, 1:-1] != padded[:-1, 1:-1])
    level = np.stack([np.stack([x, y], 1), np.stack([x + 1, y], 1)], 1)
    y, x = np.nonzero(padded[1:-1, 1:] != padded[1:-1, :-1])
    upright = np.stack([np.stack([x, y], 1), np.stack([x, y + 1], 1)], 1)
    return np.concatenate([level, upright]).astype(np.float64)


def _range(pictures: NDArray[np.float32]) -> tuple[float, float]:
    """From 0, which stands for "outside the field", or below it, to the highest value."""
    return float(pictures.min(initial=0)), float(pictures.max(initial=0)) or 1.0


def _said(found: Averages, known: NDArray[np.bool_]) -> str:
    drawn = (
        [] if len(known) == len(found.grid.places) else [f"{len(known):,} of {len(found.grid.places):,} MACs"]
    )
    crossed = [] if known.all() else [f"{(~known).sum():,} never active in training (crossed)"]
    return "; ".join([*drawn, *crossed])
