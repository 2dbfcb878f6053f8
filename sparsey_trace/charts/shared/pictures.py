"""Pictures of what MACs stand for: of each MAC one, in the shape of an input."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sparsey_trace.charts.shared.grid import Grid
    from sparsey_trace.layout import Layout


@dataclass(frozen=True, eq=False, kw_only=True)
class MacPictures:
    """One layer's pictures.

    Attributes:
        layer: its number.
        name: its name.
        grid: where all of the layer's MACs stand.
        macs: [m] int64, the MACs shown: all, or evenly drawn ones.
        pictures: [m, H, W] float32, their basis averages; see `picture_shape`.
        fields: [m, H, W] bool, their projected receptive fields.
        samples: [m] int64, for how many training samples each was active; 0 where there is no average.
        shrink: into one of how many pixels, in height and in width, those of an input were joined.
    """

    layer: int
    name: str
    grid: Grid
    macs: NDArray[np.int64]
    pictures: NDArray[np.float32]
    fields: NDArray[np.bool_]
    samples: NDArray[np.int64]
    shrink: int = 1


MOST_PIXELS = 1 << 24
"""Of all pictures of a run together; more would take gigabytes, and can't be seen."""


LARGEST = 1e30
"""In size, that a picture shows: colours are reckoned in float32, which inputs of 64 bits may go beyond."""


def shrinking(pixels: int, most: int | None = None) -> int:
    """Into one of how many pixels, in height and in width, pixels are joined so that all of them are few.

    >>> shrinking(100), shrinking(401, most=100)
    (1, 3)
    """
    return max(1, math.ceil(math.sqrt(pixels / (most or MOST_PIXELS))))


def joined(pictures: NDArray[Any], shrink: int) -> NDArray[np.float32]:
    """[m, H / shrink, W / shrink] float32, the means of shrink * shrink pixels of [m, H, W]; fewer at the edges."""
    if shrink == 1:
        return pictures.astype(np.float32)
    rows, columns = (np.arange(0, side, shrink) for side in pictures.shape[1:])
    sums = np.add.reduceat(np.add.reduceat(pictures.astype(np.float32), rows, axis=1), columns, axis=2)
    height = np.diff(rows, append=pictures.shape[1])
    width = np.diff(columns, append=pictures.shape[2])
    return np.asarray(sums / (height[:, None] * width), np.float32)


def picture_shape(layout: Layout) -> tuple[int, int]:
    """(H, W) of a picture of an input: its last two sides, or rows of about as many features as rows.

    Sides of 1 at the end aren't seen: those of sparseypy's final generation are fed as [D, 1].

    >>> from sparsey_trace import Layout, LayerLayout
    >>> layer = LayerLayout(name="v1", num_macs=1, num_cms=1, num_neurons=2, connections=[[0, 1]])
    >>> picture_shape(Layout(num_features=12, input_shape=(4, 3), layers=[layer]))
    (4, 3)
    >>> picture_shape(Layout(num_features=12, layers=[layer]))
    (3, 4)
    >>> picture_shape(Layout(num_features=12, input_shape=(12, 1), layers=[layer]))
    (3, 4)
    """
    sides = _sides(layout)
    if len(sides) > 1:
        return sides[-2], sides[-1]
    width = math.ceil(math.sqrt(layout.num_features))
    return math.ceil(layout.num_features / width), width


def _sides(layout: Layout) -> tuple[int, ...]:
    sides = layout.input_shape
    while sides[-1:] == (1,):
        sides = sides[:-1]
    return sides


def as_picture(values: NDArray[Any], layout: Layout) -> NDArray[np.float32]:
    """[H, W] float32 of [D] values; features that a picture's last row lacks are 0.

    Inputs of more than two sides are shown by the mean over all but the last two, and numbers above `LARGEST` as that.
    """
    height, width = picture_shape(layout)
    if values.dtype.kind == "f":
        values = np.clip(values.astype(np.promote_types(values.dtype, np.float32)), -LARGEST, LARGEST)
    if len(_sides(layout)) > 1:
        return np.asarray(values.reshape(-1, height, width).mean(axis=0), np.float32)
    padded = np.zeros(height * width, np.float32)
    padded[: len(values)] = values
    return padded.reshape(height, width)
