"""How the values of a metric went over a run, MAC by MAC."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.charts.shared.points import MOST_POINTS, points_of
from sparsey_trace.layout import EVAL, TRAIN
from sparsey_trace.metrics.basis_set_size import BasisSetSize
from sparsey_trace.metrics.num_activations import NumActivations
from sparsey_trace.tables.layer_means import whole_groups
from sparsey_trace.tables.nothing_before import nothing_until
from sparsey_trace.tables.open_table import schema_of
from sparsey_trace.tables.summary import summary_in

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from sparsey_trace.charts.shared.points import Points
    from sparsey_trace.charts.shared.run import Return, Run

_MOST_VALUES = 1 << 22
"""Of P * M, so that memory stays bounded."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Curve:
    """One layer's values in one phase.

    Attributes:
        layer: its number.
        name: its name.
        phase: `train` or `eval`.
        seen: [P] int64, training samples seen when a point ends.
        step: [P] int64, the last step of a point.
        joined: how many steps the fullest point joins; 1 where nothing was thinned out.
        values: [P, M] float64, each MAC's value; nan where it has none. [P, 1] for values of a layer as a whole.
        overall: [M] float64, each MAC's value over all of the phase: the mean, or the last for basis set sizes.
        chance: what the last samples would come to by chance, as a summary has it: of the layer's curve of
            evaluation, or of training where it has no other; else None.
        of: the name of the recorded value that it is of; empty where it is of something else.
        returns: where training went back to an earlier epoch.
    """

    layer: int
    name: str
    phase: str
    seen: NDArray[np.int64]
    step: NDArray[np.int64]
    joined: int
    values: NDArray[np.float64]
    overall: NDArray[np.float64]
    chance: float | None = None
    of: str = ""
    returns: tuple[Return, ...] = ()

    def quantile(self, share: float) -> NDArray[np.float64]:
        """[P] float64, the quantile over the MACs that have a value, interpolated; nan where none has."""
        found = np.full(len(self.values), np.nan)
        known = ~np.isnan(self.values).all(axis=1)
        if known.any():
            found[known] = np.nanquantile(self.values[known], share, axis=1)
        return found

    @property
    def mean(self) -> NDArray[np.float64]:
        """[P] float64, over the MACs that have a value, as in summaries; nan where none has."""
        known = ~np.isnan(self.values)
        sums, counts = np.where(known, self.values, 0).sum(axis=1), known.sum(axis=1)
        return _over(sums, counts)


def curves(run: Run, table: str, *, most: int = MOST_POINTS) -> list[Curve]:
    """A metric's values over a run: a curve for each layer and phase that has values.

    Values of joined steps are means over their samples; of basis set sizes the last one is taken. Of
    `num_activations` the values are the share of the samples for which a MAC was active. What says nothing, as there
    was no training before to compare with, counts as no value.

    Args:
        run: the run.
        table: the name of a table that has values.
        most: the highest P.

    Raises:
        KeyError: the table isn't there; the message says why.
    """
    path = run.tables.path(table)
    has_macs = "mac" in schema_of(path).names
    widths = [layer.num_macs if has_macs else 1 for layer in run.layout.layers]
    most = max(2, min(most, _MOST_VALUES // sum(widths)))
    gathered = [_Gathered(points_of(run.steps, phase, most=most), sum(widths)) for phase in (TRAIN, EVAL)]
    until = nothing_until(table, run.trace.samples)
    for part in whole_groups(path, ["step", "value", "samples"]):
        values = np.asarray(part["value"].to_numpy(), np.float64).reshape(-1, sum(widths))
        samples = part["samples"].to_numpy().reshape(-1, sum(widths))
        step = part["step"].to_numpy()[:: sum(widths)]
        values = np.where((step > until)[:, None], values, np.nan)
        rows = np.searchsorted(run.steps.number, step)
        for found in gathered:
            found.add(values, samples, rows, table)
    chances = chances_in(path)
    return [
        replace(curve, chance=chances.get((curve.phase, curve.layer)))
        for found in gathered
        for curve in found.curves(run, widths, table)
    ]


def chances_in(path: Path) -> dict[tuple[str, int], float]:
    """By phase and layer, what a table's values now would be by chance; of a layer's last phase that it is known of."""
    rows = [row for row in summary_in(path) or () if row.metric == path.stem and row.chance is not None]
    last = {row.layer: row for row in rows}
    return {
        (row.phase, layer): row.chance
        for layer, row in last.items()
        if layer is not None and row.phase is not None and row.chance is not None
    }


class _Gathered:
    """Sums, weights and last values of all layers at each point of a phase."""

    def __init__(self, points: Points, width: int) -> None:
        self._points = points
        self._sums, self._weights = np.zeros((len(points), width)), np.zeros((len(points), width))
        self._last = np.full((len(points), width), np.nan)

    def add(
        self, values: NDArray[np.float64], samples: NDArray[np.int32], rows: NDArray[np.int64], table: str
    ) -> None:
        """Take in whole steps: [n, all MACs] values, of how many samples each is, and which of the run's steps [n]."""
        point = self._points.of_step[rows]
        values, samples, point = values[point >= 0], samples[point >= 0], point[point >= 0]
        if not len(point):
            return
        starts = np.flatnonzero(np.diff(point, prepend=-1))
        weights = np.where(np.isnan(values), 0, samples)
        weighted = np.nan_to_num(values) * (1 if table == NumActivations.name else weights)
        self._sums[point[starts]] += np.add.reduceat(weighted, starts)
        self._weights[point[starts]] += np.add.reduceat(weights, starts)
        self._last[point] = values

    def curves(self, run: Run, widths: Sequence[int], table: str) -> list[Curve]:
        """What was taken in, layer by layer."""
        last = table == BasisSetSize.name
        values = self._last if last else _over(self._sums, self._weights)
        known = ~np.isnan(values).all(axis=1)
        if not known.any():
            return []
        overall = values[known][-1] if last else _over(self._sums.sum(axis=0), self._weights.sum(axis=0))
        ends = np.cumsum(widths)
        return [
            Curve(
                layer=number,
                name=layer.name,
                phase=self._points.phase,
                seen=self._points.seen[known],
                step=self._points.step[known],
                joined=self._points.joined,
                values=values[known, end - width : end],
                overall=overall[end - width : end],
                returns=run.returns,
            )
            for number, (layer, width, end) in enumerate(zip(run.layout.layers, widths, ends, strict=True))
            if not np.isnan(values[:, end - width : end]).all()
        ]


def _over(sums: NDArray[np.float64], weights: NDArray[Any]) -> NDArray[np.float64]:
    """`sums` over `weights`, of any one shape; nan where the weight is 0."""
    return np.asarray(np.divide(sums, weights, out=np.full(sums.shape, np.nan), where=weights > 0))


def increase(curve: Curve) -> Curve:
    """How fast new codes appear: the increase of basis set sizes for each 100 training samples."""
    samples = np.diff(curve.seen, prepend=0)[:, None]
    grown = np.diff(curve.values, axis=0, prepend=0)
    return replace(
        curve,
        values=_over(100 * grown, np.broadcast_to(samples, grown.shape)),
        overall=100 * curve.overall / curve.seen[-1],
    )
