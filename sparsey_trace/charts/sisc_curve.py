"""How alike codes are, by how alike inputs are: the mean over pairs, its spread, and where the pairs are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.parquet as pq

from sparsey_trace.charts.base import LayerChart
from sparsey_trace.charts.shared.colours import PALETTE
from sparsey_trace.charts.shared.words import SIMILARITY, Words
from sparsey_trace.metrics.drawn_samples import BINS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from sparsey_trace.charts.panels.panel import Contribution, Panel
    from sparsey_trace.charts.shared.run import Run
    from sparsey_trace.charts.shared.views import View, Views

_SHADE = "Greys"
_LIGHTEST, _DARKEST = 0.06, 0.45
"""A bin with few pairs is told from one with none, and the line stands out from one with many."""


@dataclass(frozen=True, eq=False, kw_only=True)
class SimilarityCurve:
    """One layer's curve, of all its MACs' pairs together: of training, or where that has none of evaluation.

    Attributes:
        layer: its number.
        name: its name.
        phase: `train` or `eval`.
        edges: [B + 1] float64, of the bins.
        pairs: [B] int64.
        mean: [B] float64, the share of winners that agree; nan where there are no pairs.
        std: [B] float64, its standard deviation over pairs.
    """

    layer: int
    name: str
    phase: str
    edges: NDArray[np.float64]
    pairs: NDArray[np.int64]
    mean: NDArray[np.float64]
    std: NDArray[np.float64]

    @property
    def middle(self) -> NDArray[np.float64]:
        """[B], of the bins."""
        return (self.edges[1:] + self.edges[:-1]) / 2

    @property
    def band(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """[B] each: a standard deviation below the mean and above it, as far as shares go."""
        return np.maximum(self.mean - self.std, 0), np.minimum(self.mean + self.std, 1)


def similarity_curves(run: Run) -> list[SimilarityCurve]:
    """Each layer's; none where there is no pair.

    Raises:
        KeyError: there is no table of them; the message says why.
    """
    table = pq.read_table(run.tables.path("sisc_curve"))
    if not len(table):
        return []
    macs = [layer.num_macs for layer in run.layout.layers]
    mine = table.slice(0, BINS * sum(macs))
    pairs, mean, std = (
        np.split(np.nan_to_num(mine[name].to_numpy().reshape(-1, BINS)), np.cumsum(macs)[:-1])
        for name in ("pairs", "mean", "std")
    )
    return [
        _pooled(
            pairs[number].astype(np.int64),
            mean[number].astype(np.float64),
            std[number].astype(np.float64),
            layer=number,
            name=layer.name,
            phase=mine["phase"][0].as_py(),
        )
        for number, layer in enumerate(run.layout.layers)
    ]


def _pooled(
    pairs: NDArray[np.int64], mean: NDArray[np.float64], std: NDArray[np.float64], **layer: Any
) -> SimilarityCurve:
    """Of MACs' pairs, means and standard deviations [M, B] those of all pairs together."""
    of_all = pairs.sum(axis=0)
    known = np.where(of_all > 0, of_all, np.nan)
    whole = (pairs * mean).sum(axis=0) / known
    squares = (pairs * (std**2 + mean**2)).sum(axis=0) / known
    return SimilarityCurve(
        edges=np.linspace(0, 1, pairs.shape[1] + 1),
        pairs=of_all,
        mean=whole,
        std=np.sqrt(np.maximum(squares - whole**2, 0)),
        **layer,
    )


class SiscCurveChart(LayerChart[SimilarityCurve]):
    """A line of means with a standard deviation around it, over columns as dark as they have pairs."""

    name = "sisc_curve"
    table = "sisc_curve"
    needs_steps = False
    heading = SIMILARITY
    words = Words(
        title="Code similarity by input similarity",
        x="input similarity (Jaccard)",
        y="winners that agree (share)",
        meaning="How many winners of two codes agree, by how alike their inputs are: of pairs of a sample and an "
        "earlier training sample, for both of which a MAC was active; around the mean a standard deviation. Dark "
        "columns have many pairs. Where similar inputs get similar codes the line rises.",
        example="Three lines that rise to the right inside bands, over columns that are darkest in the left half",
    )

    def data(self, run: Run) -> list[SimilarityCurve]:
        """Each layer's curve."""
        return run.once(similarity_curves)

    def draw(self, ax: Axes, found: SimilarityCurve) -> str:
        """The layer's line, band and columns."""
        from matplotlib import colormaps
        from matplotlib.colors import LinearSegmentedColormap, LogNorm

        from sparsey_trace.charts.axes.style import scale

        if found.pairs.any():
            shades = colormaps[_SHADE](np.linspace(_LIGHTEST, _DARKEST, 64))
            drawn = ax.imshow(
                np.ma.masked_equal(found.pairs[None], 0),
                norm=LogNorm(1, max(2, int(found.pairs.max()))),
                cmap=LinearSegmentedColormap.from_list("pairs", list(shades)),
                origin="lower",
                extent=(0, 1, 0, 1),
                interpolation="none",
            )
            scale(ax, drawn, "pairs of samples")
        low, high = found.band
        ax.fill_between(found.middle, low, high, color=PALETTE[0], alpha=0.3, linewidth=0)
        ax.plot(found.middle, found.mean, color=PALETTE[0], marker=".", label="mean")
        ax.set(xlim=(0, 1), ylim=(0, 1), aspect="equal", xlabel=self.words.x, ylabel=self.words.y)
        return f"{found.pairs.sum():,} pairs" + ("" if found.phase == "train" else ", evaluation")

    def in_report(self, views: Views) -> Contribution:
        """A panel for each layer and run."""
        from sparsey_trace.charts.panels.map_panels import by_layer
        from sparsey_trace.charts.panels.panel import Contribution

        having = views.having(self.table)
        panels = [
            (view.layers[layer.layer], view, _panel(view, layer, self.words))
            for view in having
            for layer in view.run.once(similarity_curves)
        ]
        empty = [view for view in having if not view.run.once(similarity_curves)]
        return Contribution(
            meaning=[self.words.meaning],
            key=[("mean", "mean over pairs"), ("band", "a standard deviation around it")],
            groups=by_layer(views, panels, chart=self.words.title),
            missing=[
                *views.lacking(self.table, "curves of similarity"),
                *(f"No curves of similarity of {view.name}: no two samples to compare." for view in empty),
            ],
        )


def _panel(view: View, layer: SimilarityCurve, words: Words) -> Panel:
    from sparsey_trace.charts.panels.figure import figure, in_words
    from sparsey_trace.charts.panels.panel import Panel

    known = np.flatnonzero(layer.pairs)
    ends = (
        f"{in_words(layer.mean[known[0]])} to {in_words(layer.mean[known[-1]])}" if len(known) else "unknown"
    )
    name = view.layers[layer.layer]
    return Panel(
        title=name,
        label=f"{words.title}, layer {name} of {view.name}: from the least to the most similar inputs, the mean share "
        f"of winners that agree goes from {ends}.",
        caption=f"{layer.pairs.sum():,} pairs with {layer.phase} samples.",
        figure=figure(
            [_columns(layer), _band(view, layer), _line(view, layer)],
            x={"title": words.x, "range": [0, 1], "showgrid": False},
            y={"title": words.y, "range": [0, 1], "showgrid": False},
        ),
    )


def _columns(layer: SimilarityCurve) -> Any:
    import plotly.graph_objects as go

    from sparsey_trace.charts.panels.figure import small

    logarithm = np.log10(layer.pairs, out=np.full(len(layer.pairs), np.nan), where=layer.pairs > 0)
    return go.Heatmap(
        x=small(layer.edges),
        y=[0, 1],
        z=small(logarithm[None]),
        # Grey on white as on black.
        colorscale=[[0, "rgba(128,128,128,0.08)"], [1, "rgba(128,128,128,0.55)"]],
        zmin=0,
        zmax=max(1.0, float(np.log10(max(1, layer.pairs.max())))),
        showscale=False,
        hoverinfo="skip",
        meta={"role": "columns"},
    )


def _band(view: View, layer: SimilarityCurve) -> Any:
    from sparsey_trace.charts.panels.figure import band

    return band(view, layer.middle, *layer.band)


def _line(view: View, layer: SimilarityCurve) -> Any:
    import plotly.graph_objects as go

    from sparsey_trace.charts.panels.figure import small, text

    return go.Scatter(
        x=small(layer.middle),
        y=small(layer.mean),
        customdata=small(np.stack([layer.std, layer.pairs], axis=1)),
        name=text(view.name),
        mode="lines+markers",
        line={"width": 2.5},
        hovertemplate="inputs %{x:.3f}: mean %{y:.3f}, standard deviation %{customdata[0]:.3f}, "
        f"%{{customdata[1]:,}} pairs<extra>{text(view.name)}</extra>",
        meta={"series": view.series, "role": "line"},
    )
