"""Which CMs use their neurons: how evenly, and how many never won, where their MACs stand."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.charts.base import LayerChart
from sparsey_trace.charts.shared.colours import MEASURE
from sparsey_trace.charts.shared.grid import Grid, grid_of
from sparsey_trace.charts.shared.usage import usages
from sparsey_trace.charts.shared.words import USAGE, Words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from sparsey_trace.charts.panels.panel import Contribution, Panel
    from sparsey_trace.charts.shared.run import Run
    from sparsey_trace.charts.shared.usage import Usage
    from sparsey_trace.charts.shared.views import View, Views

_LEVELS = 24
"""Of colour in a report: all CMs of one are a single shape."""

_CORNERS = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) / 2


@dataclass(frozen=True, eq=False, kw_only=True)
class UsageMap:
    """One layer's CMs on its MACs' grid, over the last epoch with training samples, or the run.

    Attributes:
        layer: its number.
        name: its name.
        grid: where the MACs stand.
        epoch: which one; -1 for the run.
        neurons: K, how many a CM has.
        silent: [M] bool, whether a MAC was never active.
        used: [M, Q] int64, how many of a CM's neurons won.
        perplexity: [M, Q] float64; nan where the MAC was never active.
    """

    layer: int
    name: str
    grid: Grid
    epoch: int
    neurons: int
    silent: NDArray[np.bool_]
    used: NDArray[np.int64]
    perplexity: NDArray[np.float64]

    @property
    def side(self) -> float:
        """Of a CM's square; those of a MAC stand in rows inside its cell."""
        return (0.72 if self.grid.is_hexagonal else 0.92) * self.grid.spacing / self._across

    @property
    def _across(self) -> int:
        return math.ceil(math.sqrt(self.used.shape[1]))

    @property
    def places(self) -> NDArray[np.float64]:
        """[M, Q, 2] float64, the middles of the squares."""
        row, column = np.divmod(np.arange(self.used.shape[1]), self._across)
        offsets = np.stack([column, row], axis=1) - (self._across - 1) / 2
        return np.asarray(self.grid.positions[:, None] + self.side * offsets)

    @property
    def said(self) -> str:
        """What the map comes to, in words."""
        alive = ~self.silent
        dead, all_neurons = (self.neurons - self.used[alive]).sum(), self.neurons * self.used[alive].size
        parts = [f"{dead:,} of {all_neurons:,} neurons never won"]
        parts += [f"{self.silent.sum():,} of {len(alive):,} MACs never active"] if self.silent.any() else []
        return "; ".join(parts)

    def squares(self, share: NDArray[np.float64]) -> NDArray[np.float64]:
        """[active MACs * Q, 4, 2], the corners of squares with this share of the sides of CMs' [M, Q]."""
        shown = self.places[~self.silent].reshape(-1, 1, 2)
        return np.asarray(shown + 0.94 * self.side * share[~self.silent].reshape(-1, 1, 1) * _CORNERS)

    @property
    def unused(self) -> NDArray[np.float64]:
        """[M, Q], the side of the white square: a quarter of the CM's area where no neuron but one won."""
        return np.asarray(np.sqrt((self.neurons - self.used) / self.neurons) / 2)


def usage_maps(run: Run) -> list[UsageMap]:
    """Each layer's map; none where nothing was trained.

    Raises:
        KeyError: there is no table of usage; the message says why.
    """
    return [
        UsageMap(
            layer=usage.layer,
            name=(layer := run.layout.layers[usage.layer]).name,
            grid=grid_of(layer),
            epoch=int(usage.epoch[last]),
            neurons=layer.num_neurons,
            silent=usage.samples[last] == 0,
            used=usage.used[last],
            perplexity=usage.perplexity[last],
        )
        for usage in usages(run)
        if usage.phase == "train"
        for last in [_last(usage, run)]
    ]


def _last(usage: Usage, run: Run) -> int:
    """The place of the epoch of the phase's last sample: not the highest one, where training went back."""
    if len(usage.epoch) == 1:
        return 0
    return int(np.flatnonzero(usage.epoch == run.phases[usage.phase].epoch)[0])


class CodeUsageChart(LayerChart[UsageMap]):
    """A square for each CM inside its MAC's cell: the colour is its perplexity; white marks neurons that never won."""

    name = "code_usage"
    table = "code_usage"
    needs_steps = False
    heading = USAGE
    words = Words(
        title="Code usage",
        x="x position",
        y="y position",
        meaning="How evenly the CMs of each MAC use their neurons in training, over the last epoch: the colour is the "
        "perplexity, as if so many neurons won equally often. A white square marks neurons that never won, the more of "
        "them the larger; a MAC whose CMs are dark tells few inputs apart.",
        example="Three grids of MACs, each a block of small squares, darker at the edges, most with a white square",
    )

    def data(self, run: Run) -> list[UsageMap]:
        """Each layer's map."""
        return run.once(usage_maps)

    def draw(self, ax: Axes, found: UsageMap) -> str:
        """The layer's CMs on their MACs' grid, silent MACs crossed."""
        from matplotlib.collections import PolyCollection

        from sparsey_trace.charts.axes.cells import cells_of, cross, fit
        from sparsey_trace.charts.axes.style import scale

        cells = cells_of(found.grid)
        cross(ax, cells[found.silent])
        if not found.silent.all():
            whole = np.ones(found.used.shape)
            colours = PolyCollection(list(found.squares(whole)), cmap=MEASURE, linewidths=0)
            colours.set_array(found.perplexity[~found.silent].ravel())
            colours.set_clim(1, max(2, found.neurons))
            ax.add_collection(colours)
            scale(ax, colours, f"perplexity (of {found.neurons} neurons)")
            ax.add_collection(PolyCollection(list(found.squares(found.unused)), facecolors="w", linewidths=0))
        fit(ax, found.grid, cells)
        return found.said

    def in_report(self, views: Views) -> Contribution:
        """A panel for each layer and run."""
        from sparsey_trace.charts.panels.map_panels import by_layer
        from sparsey_trace.charts.panels.panel import Contribution

        found = [
            (view.layers[layer.layer], view, _panel(view, layer, self.words))
            for view in views.having(self.table)
            for layer in view.run.once(usage_maps)
        ]
        return Contribution(
            meaning=[self.words.meaning],
            key=[("cross", "MAC never active in that epoch")],
            groups=by_layer(views, found),
            missing=views.lacking(self.table, "code usage"),
        )


def _panel(view: View, layer: UsageMap, words: Words) -> Panel:
    from sparsey_trace.charts.panels.figure import figure
    from sparsey_trace.charts.panels.map_panels import crosses, map_axes
    from sparsey_trace.charts.panels.panel import Panel

    name = view.layers[layer.layer]
    when = "the run" if layer.epoch < 0 else f"epoch {layer.epoch:,}"
    return Panel(
        title=name,
        label=f"{words.title} of layer {name} of {view.name} in {when}: {layer.said}.",
        caption=f"Training samples of {when}; {layer.said}.",
        figure=figure(
            [_marks(view, layer), crosses(layer.grid, layer.silent)],
            **map_axes(layer.grid, words),
            shapes=_shapes(layer),
        ),
    )


def _shapes(layer: UsageMap) -> list[dict[str, Any]]:
    """A shape for all CMs of one colour, which grows with the axes, as marks don't; and one for all white squares."""
    from plotly.colors import sample_colorscale

    share = (layer.perplexity[~layer.silent].ravel() - 1) / max(1, layer.neurons - 1)
    level = np.clip((share * _LEVELS).astype(np.int64), 0, _LEVELS - 1)
    squares = layer.squares(np.ones(layer.used.shape))
    colours = sample_colorscale(MEASURE, ((np.arange(_LEVELS) + 0.5) / _LEVELS).tolist())
    parts = [(squares[level == number], colour) for number, colour in enumerate(colours)]
    white = layer.squares(layer.unused)[(layer.used < layer.neurons)[~layer.silent].ravel()]
    return [
        {"type": "path", "path": _path(some), "fillcolor": colour, "line": {"width": 0}, "layer": "below"}
        for some, colour in [*parts, (white, "#ffffff")]
        if len(some)
    ]


def _path(squares: NDArray[np.float64]) -> str:
    """The outlines of squares [n, 4, 2], as SVG has them."""
    return "".join("M" + "L".join(f"{x:.5g},{y:.5g}" for x, y in square) + "Z" for square in squares.tolist())


def _marks(view: View, layer: UsageMap) -> Any:
    """What the mouse finds in the squares, and what the colours mean."""
    import plotly.graph_objects as go

    from sparsey_trace.charts.panels.figure import small
    from sparsey_trace.charts.panels.map_panels import marker

    alive = np.flatnonzero(~layer.silent)
    cms = layer.used.shape[1]
    x, y = layer.places[alive].reshape(-1, 2).T
    perplexity = layer.perplexity[alive].ravel()
    known = np.stack([np.repeat(alive, cms), np.tile(np.arange(cms), len(alive)), layer.used[alive].ravel()])
    return go.Scatter(
        x=small(x),
        y=small(y),
        mode="markers",
        name="CMs",
        customdata=small(known.T),
        hovertemplate="MAC %{customdata[0]}, CM %{customdata[1]}: %{customdata[2]} of "
        f"{layer.neurons} neurons used, perplexity %{{marker.color:.3~g}}<extra></extra>",
        marker=marker(
            perplexity, low=1, high=max(2, layer.neurons), title="perplexity (neurons)", ticks=".3~g", size=6
        ),
        meta={"role": "marks", "series": view.series},
    )
