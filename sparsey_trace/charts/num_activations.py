"""Which MACs are alive: for how many of the samples each one was active, where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.charts.base import LayerChart
from sparsey_trace.charts.shared.curves import curves
from sparsey_trace.charts.shared.grid import Grid, grid_of
from sparsey_trace.charts.shared.words import ACTIVITY, Words
from sparsey_trace.layout import PHASES
from sparsey_trace.support.printable import count

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from sparsey_trace.charts.panels.panel import Contribution, Panel
    from sparsey_trace.charts.shared.run import Run
    from sparsey_trace.charts.shared.views import View, Views


@dataclass(frozen=True, eq=False, kw_only=True)
class MacActivity:
    """One layer's MACs on their grid.

    Attributes:
        layer: its number.
        name: its name.
        grid: where the MACs stand.
        share: [M] float64, the share of all recorded samples, of both phases, for which a MAC was active.
        by_phase: the same of each phase that has samples, [M] each.
        samples: how many each of these has.
    """

    layer: int
    name: str
    grid: Grid
    share: NDArray[np.float64]
    by_phase: Mapping[str, NDArray[np.float64]]
    samples: Mapping[str, int]

    @property
    def silent(self) -> NDArray[np.bool_]:
        """[M] bool, whether a MAC was never active."""
        return np.asarray(self.share == 0)


def mac_activity(run: Run) -> list[MacActivity]:
    """Each layer's MACs, lowest layer first.

    Raises:
        KeyError: there is no table of activations; the message says why.
    """
    sizes = np.bincount(run.steps.phase, run.steps.size, minlength=len(PHASES)).astype(int).tolist()
    samples = {phase: size for phase, size in zip(PHASES, sizes, strict=True) if size}
    by_layer: list[dict[str, NDArray[np.float64]]] = [{} for _ in run.layout.layers]
    for curve in curves(run, "num_activations", most=2):
        by_layer[curve.layer][curve.phase] = curve.overall
    return [
        MacActivity(
            layer=number,
            name=layer.name,
            grid=grid_of(layer),
            share=sum(shares[phase] * size for phase, size in samples.items()) / sum(samples.values()),
            by_phase=shares,
            samples=samples,
        )
        for number, (layer, shares) in enumerate(zip(run.layout.layers, by_layer, strict=True))
    ]


class NumActivationsChart(LayerChart[MacActivity]):
    """The share of samples for which each MAC was active, as the colour of its cell."""

    name = "num_activations"
    table = "num_activations"
    heading = ACTIVITY
    words = Words(
        title="Activity",
        x="x position",
        y="y position",
        meaning="The share of all samples for which a MAC was active. A MAC that is never active learns nothing: "
        "too little, or too much, of its receptive field is ever on.",
        example="Three grids of MACs; in the lowest layer those in the middle are active most, "
        "and six at the corners are crossed",
    )

    def data(self, run: Run) -> list[MacActivity]:
        """Each layer's MACs."""
        return run.once(mac_activity)

    def draw(self, ax: Axes, found: MacActivity) -> str:
        """The layer's MACs on their grid, silent ones crossed."""
        from sparsey_trace.charts.axes.cells import color_macs

        silent = found.silent
        color_macs(ax, found.grid, found.share, silent, high=None, label="active (share of samples)")
        return f"{silent.sum():,} of {len(silent):,} MACs never active (crossed)" if silent.any() else ""

    def in_report(self, views: Views) -> Contribution:
        """A panel for each layer and run."""
        from sparsey_trace.charts.panels.map_panels import by_layer
        from sparsey_trace.charts.panels.panel import Contribution

        found = [(view, view.run.once(mac_activity)) for view in views.having(self.table)]
        return Contribution(
            meaning=[self.words.meaning],
            key=[("cross", "never active")],
            groups=by_layer(views, _panels(found, self.words)),
            missing=views.lacking(self.table, "activity"),
        )


def _panels(
    found: Sequence[tuple[View, Sequence[MacActivity]]], words: Words
) -> list[tuple[str, View, Panel]]:
    """A panel for each layer and run, with the layer's name; by layer."""
    top = max((float(layer.share.max()) for _, layers in found for layer in layers), default=0.0) or 1.0
    panels = [
        (view.layers[layer.layer], view, _panel(view, layer, top, words))
        for view, layers in found
        for layer in layers
    ]
    names = list(dict.fromkeys(name for name, _, _ in panels))
    return sorted(panels, key=lambda panel: names.index(panel[0]))


def _panel(view: View, layer: MacActivity, top: float, words: Words) -> Panel:
    from sparsey_trace.charts.panels.figure import in_words
    from sparsey_trace.charts.panels.map_panels import figure_of_macs
    from sparsey_trace.charts.panels.panel import Panel

    silent = int(layer.silent.sum())
    said = f"{silent:,} never active" if silent else "each active at least once"
    name = view.layers[layer.layer]
    laid = "" if layer.grid.is_recorded else "The trace has no positions: MACs stand in rows, left to right."
    return Panel(
        title=name,
        label=f"{words.title} of the {len(layer.share):,} MACs of layer {name} of {view.name}: active for "
        f"{in_words(layer.share.min())} to {in_words(layer.share.max())} of the samples; {said}.",
        caption=f"{count(len(layer.share), 'MAC')}, {said}. {laid}".strip(),
        figure=figure_of_macs(
            view,
            layer.grid,
            layer.share,
            layer.silent,
            words=words,
            high=top,
            title="share of samples",
            ticks=".0%" if top > 0.05 else ".2~%",
            said=[f"active for {share:.2%} of the samples" for share in layer.share],
        ),
    )
