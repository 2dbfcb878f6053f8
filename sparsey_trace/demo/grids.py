"""Where MACs stand on the unit square, and what each one listens to.

Positions are (x, y) with x to the right and y downwards, in the order of the rows, left to right:
the order in which an image is flattened. A grid has edges; nothing wraps around.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

GridKind = Literal["rectangular", "hexagonal"]

ROW_HEIGHT = math.sqrt(3) / 2
"""Distance of two rows of a hexagonal grid whose neighbours are 1 apart."""

TOLERANCE = 1e-6
"""Sources at exactly the radius belong to the field, whichever way their distance was rounded."""


def rectangular(rows: int, columns: int) -> Tensor:
    """The centres of rows x columns equal boxes that fill the unit square.

    Returns:
        [rows * columns, 2] float32, (x, y).

    >>> rectangular(1, 2).tolist()
    [[0.25, 0.5], [0.75, 0.5]]
    """
    y, x = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    return torch.stack([(x + 0.5) / columns, (y + 0.5) / rows], dim=-1).flatten(0, 1)


def hexagonal(rows: int, columns: int) -> Tensor:
    """A regular hexagonal grid, as large as the unit square allows, in its middle.

    Every other row is shifted by half a distance, so that a position inside has six neighbours, all
    equally far away.

    Returns:
        [rows * columns, 2] float32, (x, y).

    >>> first, second, below = hexagonal(2, 2)[:3]
    >>> bool(torch.isclose((first - second).norm(), (first - below).norm()))
    True
    """
    row, column = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    positions = torch.stack([column + 0.5 * (row % 2), row * ROW_HEIGHT], dim=-1).flatten(0, 1)
    width = columns + (0.5 if rows > 1 else 0.0)
    distance = 1 / max(width, 1 + (rows - 1) * ROW_HEIGHT)
    extent = positions.amax(dim=0)
    return 0.5 + (positions - extent / 2) * distance


def make_grid(kind: GridKind, *, rows: int, columns: int) -> Tensor:
    """The grid of that kind: [rows * columns, 2] float32, (x, y)."""
    return rectangular(rows, columns) if kind == "rectangular" else hexagonal(rows, columns)


def sources_within(positions: Tensor, sources: Tensor, *, radius: float) -> Tensor:
    """What each MAC listens to: every source within a radius of it, or at least the nearest one.

    Args:
        positions: [M, 2] float, the MACs' positions.
        sources: [S, 2] float, the positions of input features or of the MACs of the layer below.
        radius: on the scale of the unit square.

    Returns:
        [M, R] int64, indices of sources in ascending order, padded with S; R is the largest field.

    >>> sources_within(rectangular(1, 1), rectangular(2, 2), radius=0.1).tolist()
    [[0]]
    """
    distances = (positions[:, None] - sources).norm(dim=-1)
    inside = distances <= radius + TOLERANCE
    inside[torch.arange(len(positions)), distances.argmin(dim=1)] = True
    indices = torch.arange(len(sources)).where(inside, len(sources))
    return indices.sort(dim=1).values[:, : int(inside.sum(dim=1).max())]
