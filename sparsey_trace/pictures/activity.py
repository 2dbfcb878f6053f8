"""Which MACs are alive: for how many of the samples each one was active."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.layout import PHASES
from sparsey_trace.metrics.num_activations import NumActivations
from sparsey_trace.pictures.curves import curves
from sparsey_trace.pictures.grid import Grid, grid_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sparsey_trace.pictures.run import Run


@dataclass(frozen=True, eq=False, kw_only=True)
class Activity:
    """One layer's MACs on their grid.

    Attributes:
        layer: its number.
        name: its name.
        grid: where the MACs stand.
        share: [M] float64, the share of all recorded samples, of both phases, for which a MAC was active.
    """

    layer: int
    name: str
    grid: Grid
    share: NDArray[np.float64]

    @property
    def silent(self) -> NDArray[np.bool_]:
        """[M] bool, whether a MAC was never active."""
        return np.asarray(self.share == 0)


def activity(run: Run) -> list[Activity]:
    """Each layer's MACs, lowest layer first.

    Raises:
        KeyError: there is no table of activations; the message says why.
    """
    samples = np.bincount(run.steps.phase, run.steps.size, minlength=len(PHASES))
    active = [np.zeros(layer.num_macs) for layer in run.layout.layers]
    for curve in curves(run, NumActivations.name, most=2):
        active[curve.layer] += curve.overall * samples[PHASES.index(curve.phase)]
    return [
        Activity(layer=number, name=layer.name, grid=grid_of(layer), share=counts / samples.sum())
        for number, (layer, counts) in enumerate(zip(run.layout.layers, active, strict=True))
    ]
