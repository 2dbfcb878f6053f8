"""Do similar inputs get similar codes: pairs of samples, input similarity against code similarity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.charts.base import LayerChart
from sparsey_trace.charts.shared.colours import MEASURE, PALETTE
from sparsey_trace.charts.shared.points import evenly
from sparsey_trace.charts.shared.words import SIMILARITY, Words
from sparsey_trace.layout import TRAIN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from sparsey_trace.charts.panels.panel import Contribution, Panel
    from sparsey_trace.charts.shared.run import Run
    from sparsey_trace.charts.shared.views import View, Views

MOST_SAMPLES = 256
"""Drawn for pairs: 32,640 pairs for each MAC."""

BINS = 25
"""Of input similarity."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Similarities:
    """One layer's pairs: each MAC that was active for at least one sample of a pair counts it.

    Attributes:
        layer: its number.
        name: its name.
        samples: how many training samples were drawn, evenly over the run.
        of: how many training samples there are.
        edges: [B + 1] float64, of the bins of input similarity, from 0 to 1.
        counts: [B, Q + 1] int64, pairs by the Jaccard similarity of their inputs, and by how many CMs have the same
            winner; none where one of the two MACs was silent.
        mean: [B] float64, the mean number of such CMs over the pairs in each bin of input similarity; nan where
            there are none.
    """

    layer: int
    name: str
    samples: int
    of: int
    edges: NDArray[np.float64]
    counts: NDArray[np.int64]
    mean: NDArray[np.float64]


def similarities(run: Run, *, most: int = MOST_SAMPLES) -> list[Similarities]:
    """Each layer's pairs of training samples, from a draw that is the same every time.

    Pairs of different samples count once. MACs that were silent for both samples say nothing of a pair
    and are left out; where one of the two is silent, the similarity is 0.

    Args:
        run: the run.
        most: how many samples are drawn at most.
    """
    train = np.flatnonzero(run.trace.samples.phase[:] == TRAIN)
    drawn = train[evenly(len(train), most)]
    if len(drawn) < 2:
        return []
    first, second = np.triu_indices(len(drawn), 1)
    inputs = _jaccard(run.trace.inputs[drawn] != 0)[first, second]
    return [
        _layer_similarities(run, number, drawn, inputs, of=len(train))
        for number in range(len(run.layout.layers))
    ]


def _jaccard(on: NDArray[np.bool_]) -> NDArray[np.float64]:
    """[n, n] float64, shared over joined features of all pairs of [n, D]; 0 where there are none."""
    # Counts are whole numbers far below 2^24, which float32 holds exactly.
    cells = on.astype(np.float32)
    shared = (cells @ cells.T).astype(np.float64)
    size = on.sum(axis=1)
    return np.asarray(shared / np.maximum(size[:, None] + size - shared, 1))


def _layer_similarities(
    run: Run, number: int, drawn: NDArray[np.int64], inputs: NDArray[np.float64], *, of: int
) -> Similarities:
    """Those of one layer: of the drawn samples [n], whose pairs have the input similarities [n * (n - 1) / 2]."""
    layer, view = run.layout.layers[number], run.trace.layers[number]
    codes, active = view.codes[drawn], view.active[drawn]
    first, second = np.triu_indices(len(drawn), 1)
    edges = np.linspace(0, 1, BINS + 1)
    row = np.minimum((inputs * BINS).astype(np.int64), BINS - 1)
    levels = layer.num_cms + 1
    counts = np.zeros(BINS * levels, np.int64)
    for mac in range(layer.num_macs):
        one, other = active[first, mac], active[second, mac]
        agreeing = (codes[first, mac] == codes[second, mac]).sum(axis=-1) * (one & other)
        counts += np.bincount((row * levels + agreeing)[one | other], minlength=BINS * levels)
    table = counts.reshape(BINS, levels)
    pairs = table.sum(axis=1)
    return Similarities(
        layer=number,
        name=layer.name,
        samples=len(drawn),
        of=of,
        edges=edges,
        counts=table,
        mean=np.divide(table @ np.arange(levels), pairs, out=np.full(BINS, np.nan), where=pairs > 0),
    )


class SimilarityChart(LayerChart[Similarities]):
    """A histogram of pairs by how similar inputs are and how many CMs agree, and the mean. Needs no table."""

    name = "similarity"
    table = None
    heading = SIMILARITY
    words = Words(
        title="Input and code similarity",
        x="input similarity (Jaccard)",
        y="CMs that agree",
        meaning="Pairs of training samples: how many of a MAC's CMs have the same winner for both, by how similar the "
        "inputs are. Where similar inputs get similar codes, the mean rises to the right.",
        example="Three histograms in which the mean rises to the right",
    )

    def data(self, run: Run) -> list[Similarities]:
        """Each layer's pairs."""
        return similarities(run)

    def draw(self, ax: Axes, found: Similarities) -> str:
        """The histogram of a layer in logarithmic colour, and a line of means."""
        from matplotlib.colors import LogNorm
        from matplotlib.ticker import MaxNLocator

        from sparsey_trace.charts.axes.style import scale

        counts, most = np.ma.masked_equal(found.counts.T, 0), found.counts.shape[1] - 1
        if counts.count():
            norm = LogNorm(1, max(2, int(found.counts.max())))
            # An image, not a mesh: readers of PDF show seams between the cells of a mesh.
            drawn = ax.imshow(
                counts,
                norm=norm,
                cmap=MEASURE,
                origin="lower",
                extent=(0, 1, -0.5, most + 0.5),
                aspect="auto",
                interpolation="none",
            )
            scale(ax, drawn, "pairs of samples")
        middle = (found.edges[1:] + found.edges[:-1]) / 2
        ax.plot(middle, found.mean, color=PALETTE[1], marker=".")
        ax.set(xlim=(0, 1), ylim=(-0.5, most + 0.5), xlabel=self.words.x, ylabel=self.words.y)
        ax.yaxis.set_major_locator(MaxNLocator(integer=True))
        few = "" if found.samples == found.of else f"; {found.samples:,} of {found.of:,} training samples"
        return f"line: the mean{few}"

    def in_report(self, views: Views) -> Contribution:
        """For each layer a panel of each run; of runs that SISC adherence can be told of, as pairs tell the same."""
        from sparsey_trace.charts.panels.panel import Contribution, Group, width_of

        found = [(view, similarities(view.run)) for view in views.having("sisc_adherence")]
        drawn = [
            f"{view.name}: pairs of {layers[0].samples:,} of {layers[0].of:,} training samples, evenly chosen."
            for view, layers in found
            if layers and layers[0].of > MOST_SAMPLES
        ]
        return Contribution(
            meaning=[self.words.meaning],
            key=[("mean", "mean number of CMs that agree")],
            groups=[
                Group(title=name, panels=self._panels(views, found, name), width=width_of(views))
                for name in views.layers
            ],
            thinned=drawn,
        )

    def _panels(
        self, views: Views, found: Sequence[tuple[View, Sequence[Similarities]]], name: str
    ) -> list[Panel]:
        """Those of the layers that are called so, by run."""
        from sparsey_trace.charts.panels.map_panels import of_run

        title = self.words.title
        return [
            _panel(view, layer, self.words, title=of_run(title, view) if views.are_several else title)
            for view, layers in found
            for layer in layers
            if view.layers[layer.layer] == name
        ]


def _panel(view: View, layer: Similarities, words: Words, *, title: str) -> Panel:
    """The pairs of a layer, in logarithmic colour, and the mean code similarity."""
    from sparsey_trace.charts.panels.figure import figure, in_words
    from sparsey_trace.charts.panels.panel import Panel

    known, most = np.flatnonzero(~np.isnan(layer.mean)), layer.counts.shape[1] - 1
    ends = (
        f"{in_words(layer.mean[known[0]])} to {in_words(layer.mean[known[-1]])}" if len(known) else "unknown"
    )
    return Panel(
        title=title,
        label=f"{words.title} in layer {view.layers[layer.layer]} of {view.name}: {layer.counts.sum():,} pairs; from "
        f"the least to the most similar inputs, the mean number of CMs that agree goes from {ends}.",
        figure=figure(
            [_heat(layer), _mean(layer)],
            x={"title": words.x, "range": [0, 1], "showgrid": False},
            y={
                "title": words.y,
                "range": [-0.5, most + 0.5],
                "showgrid": False,
                "dtick": max(1, most // 8),
            },
        ),
    )


def _heat(layer: Similarities) -> Any:
    import plotly.graph_objects as go

    from sparsey_trace.charts.panels.figure import small

    counts = layer.counts.T
    logarithm = np.log10(counts, out=np.full(counts.shape, np.nan), where=counts > 0)
    decades = np.arange(0, int(np.log10(max(1, counts.max()))) + 1)
    middle = (layer.edges[:-1] + layer.edges[1:]) / 2
    return go.Heatmap(
        x=small(middle),
        y=small(np.arange(len(counts))),
        z=small(logarithm),
        customdata=small(counts),
        colorscale=MEASURE,
        zmin=0,
        zmax=max(1.0, float(np.log10(max(1, counts.max())))),
        colorbar={
            "title": {"text": "pairs", "side": "right"},
            "tickvals": decades.tolist(),
            "ticktext": [f"{10**decade:,}" for decade in decades.tolist()],
            "thickness": 12,
            "outlinewidth": 0,
        },
        hoverongaps=False,
        hovertemplate="inputs %{x:.2f}, %{y} CMs agree<br>%{customdata:,} pairs<extra></extra>",
        meta={"role": "heat"},
    )


def _mean(layer: Similarities) -> Any:
    import plotly.graph_objects as go

    from sparsey_trace.charts.panels.figure import small

    middle = (layer.edges[:-1] + layer.edges[1:]) / 2
    return go.Scatter(
        x=small(middle),
        y=small(layer.mean),
        mode="lines+markers",
        line={"width": 2.5, "color": PALETTE[1]},
        marker={"size": 5, "color": "#ffffff", "line": {"width": 1.5, "color": PALETTE[1]}},
        hovertemplate="inputs %{x:.2f}: %{y:.3~g} CMs agree in the mean<extra></extra>",
        name="mean number of CMs that agree",
        meta={"role": "mean"},
    )
