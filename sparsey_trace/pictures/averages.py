"""What each MAC has come to stand for: its basis average as a picture, and its numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.parquet as pq

from sparsey_trace.metrics.basis_average import BasisAverage
from sparsey_trace.metrics.receptive_fields import receptive_fields
from sparsey_trace.pictures.grid import Grid, grid_of
from sparsey_trace.pictures.points import evenly

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sparsey_trace.layout import Layout
    from sparsey_trace.pictures.run import Run

MOST_MACS = 1024
"""Of one layer; more pictures can't be told apart, and wouldn't fit in memory with large inputs."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Averages:
    """One layer's pictures.

    Attributes:
        layer: its number.
        name: its name.
        grid: where all of the layer's MACs stand.
        macs: [m] int64, the MACs shown: all, or `MOST_MACS` evenly drawn ones.
        pictures: [m, H, W] float32, their basis averages; see `picture_shape`.
        fields: [m, H, W] bool, their projected receptive fields.
        samples: [m] int64, for how many training samples each was active; 0 where there is no average.
    """

    layer: int
    name: str
    grid: Grid
    macs: NDArray[np.int64]
    pictures: NDArray[np.float32]
    fields: NDArray[np.bool_]
    samples: NDArray[np.int64]


def picture_shape(layout: Layout) -> tuple[int, int]:
    """(H, W) of a picture of an input: its last two sides, or rows of about as many features as rows.

    >>> from sparsey_trace import Layout, LayerLayout
    >>> layer = LayerLayout(name="v1", num_macs=1, num_cms=1, num_neurons=2, connections=[[0, 1]])
    >>> picture_shape(Layout(num_features=12, input_shape=(4, 3), layers=[layer]))
    (4, 3)
    >>> picture_shape(Layout(num_features=12, layers=[layer]))
    (3, 4)
    """
    if len(layout.input_shape) > 1:
        return layout.input_shape[-2], layout.input_shape[-1]
    width = math.ceil(math.sqrt(layout.num_features))
    return math.ceil(layout.num_features / width), width


def averages(run: Run, *, most: int = MOST_MACS) -> list[Averages]:
    """Each layer's pictures. Inputs of more than two sides show the mean over all but the last two.

    Args:
        run: the run.
        most: how many MACs of a layer are shown at most.

    Raises:
        KeyError: there are no basis averages; the message says why.
    """
    shown = [evenly(layer.num_macs, most) for layer in run.layout.layers]
    pictures = [np.zeros((len(macs), *picture_shape(run.layout)), np.float32) for macs in shown]
    samples = [np.zeros(len(macs), np.int64) for macs in shown]
    with pq.ParquetFile(run.result.path(BasisAverage.name)) as file:
        for batch in file.iter_batches(batch_size=256, columns=["layer", "mac", "samples", "average"]):
            flat = batch.column("average").flatten().to_numpy().reshape(-1, run.layout.num_features)
            columns = (batch.column(name).to_numpy() for name in ("layer", "mac", "samples"))
            for layer, mac, count, values in zip(*columns, flat, strict=True):
                place = np.searchsorted(shown[layer], mac)
                if place < len(shown[layer]) and shown[layer][place] == mac:
                    pictures[layer][place] = _picture(values, run.layout)
                    samples[layer][place] = count
    fields = receptive_fields(run.layout)
    return [
        Averages(
            layer=number,
            name=layer.name,
            grid=grid_of(layer),
            macs=shown[number],
            pictures=pictures[number],
            fields=np.stack([_picture(field, run.layout) > 0 for field in fields[number][shown[number]]]),
            samples=samples[number],
        )
        for number, layer in enumerate(run.layout.layers)
    ]


def _picture(values: NDArray[np.float32] | NDArray[np.bool_], layout: Layout) -> NDArray[np.float32]:
    """[H, W] float32 of [D] values; features that a picture's last row lacks are 0."""
    height, width = picture_shape(layout)
    if len(layout.input_shape) > 1:
        return np.asarray(values.reshape(-1, height, width).mean(axis=0), np.float32)
    padded = np.zeros(height * width, np.float32)
    padded[: len(values)] = values
    return padded.reshape(height, width)
