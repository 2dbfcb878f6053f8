"""Where the MACs of a layer stand on a chart."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sparsey_trace.layout import LayerLayout


@dataclass(frozen=True, eq=False, kw_only=True)
class Grid:
    """A layer's grid.

    Attributes:
        positions: [M, 2] float64, (x, y) with y downwards, as the trace has them.
        spacing: the distance of neighbours; 1 where there is only one MAC.
        is_recorded: False where the trace has no positions, and MACs are laid out in rows, left to right.
        is_hexagonal: whether rows are shifted against each other.
    """

    positions: NDArray[np.float64]
    spacing: float
    is_recorded: bool
    is_hexagonal: bool

    @property
    def outline(self) -> NDArray[np.float64]:
        """[corners, 2] float64, a MAC's cell around its position: a square, or a hexagon that stands on a corner.

        Neighbours touch: it is half the spacing from the middle to a side.
        """
        count = 6 if self.is_hexagonal else 4
        turns = math.pi / (6 if self.is_hexagonal else 4) + np.arange(count) * 2 * math.pi / count
        radius = self.spacing / 2 / math.cos(math.pi / count)
        return np.asarray(radius * np.stack([np.cos(turns), np.sin(turns)], axis=1))


def grid_of(layer: LayerLayout) -> Grid:
    """The grid of a layer; a square one of our own where the trace has no positions."""
    if layer.positions is None or not np.isfinite(layer.positions).all():
        columns = math.ceil(math.sqrt(layer.num_macs))
        number = np.arange(layer.num_macs)
        positions = np.stack([number % columns, number // columns], axis=1).astype(np.float64)
        return Grid(positions=positions, spacing=1.0, is_recorded=False, is_hexagonal=False)
    positions = layer.positions.astype(np.float64)
    return Grid(
        positions=positions,
        spacing=_spacing(positions),
        is_recorded=True,
        is_hexagonal=_is_hexagonal(positions),
    )


def _spacing(positions: NDArray[np.float64]) -> float:
    """The median over [M, 2] of the distance to the nearest other MAC; one pair that stands close doesn't matter."""
    nearest = []
    for number, position in enumerate(positions):
        distance = np.hypot(*(np.delete(positions, number, axis=0) - position).T)
        distance = distance[distance > 0]
        if len(distance):
            nearest.append(distance.min())
    return float(np.median(nearest)) if nearest else 1.0


def _is_hexagonal(positions: NDArray[np.float64]) -> bool:
    """Whether the first two rows of [M, 2] begin more than a quarter of the spacing apart."""
    rows = np.unique(positions[:, 1].round(5))
    starts = [positions[positions[:, 1].round(5) == row, 0].min() for row in rows[:2]]
    return len(starts) == 2 and bool(abs(starts[1] - starts[0]) > 0.25 * _spacing(positions))
