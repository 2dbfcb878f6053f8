"""How often codes are used: of each MAC the commonest, the next, and so on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.parquet as pq

from sparsey_trace.charts.base import JointChart
from sparsey_trace.charts.shared.words import GROWTH, Words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from sparsey_trace.charts.axes.look import Look
    from sparsey_trace.charts.panels.panel import Contribution, Panel
    from sparsey_trace.charts.shared.run import Run
    from sparsey_trace.charts.shared.views import View, Views

MOST_POINTS = 100
"""Of a curve; they stand as far apart as a logarithmic axis shows them."""

LOW, HIGH = 0.1, 0.9

LEAST = 0.5
"""Training samples at which a logarithmic axis begins: means below are of codes that only some MACs have."""


@dataclass(frozen=True, eq=False, kw_only=True)
class CodeCounts:
    """How often the codes of a layer's MACs were shown, by rank; a MAC that has fewer codes counts 0 there.

    Attributes:
        layer: its number.
        name: its name.
        rank: [R] int64, from 1, the commonest code of each MAC.
        mean: [R] float64, training samples that showed the code of a rank: the mean over MACs that have any code.
        low: [R] float64, what 10% of them are below.
        high: [R] float64, what 90% of them are below.
    """

    layer: int
    name: str
    rank: NDArray[np.int64]
    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def code_counts(run: Run) -> list[CodeCounts]:
    """Those of each layer that has codes.

    Raises:
        KeyError: there is no table of basis sets; the message says why.
    """
    table = pq.read_table(run.tables.path("basis_set"), columns=["layer", "mac", "count"])
    number, mac, count = (table[name].to_numpy() for name in ("layer", "mac", "count"))
    return [
        _of_layer(mac[mine], count[mine], layer=index, name=layer.name)
        for index, layer in enumerate(run.layout.layers)
        if (mine := number == index).any()
    ]


def _of_layer(mac: NDArray[np.int32], count: NDArray[np.int64], **layer: Any) -> CodeCounts:
    """The codes [C] of one layer, MAC by MAC, each MAC's commonest first."""
    first = np.flatnonzero(np.diff(mac, prepend=-1))
    row = np.cumsum(np.diff(mac, prepend=mac[0]) != 0)
    at = np.arange(len(mac)) - first[row]
    ranks = np.unique(np.geomspace(1, at.max() + 1, MOST_POINTS).astype(np.int64))
    place = np.minimum(np.searchsorted(ranks, at + 1), len(ranks) - 1)
    shown = ranks[place] == at + 1
    counts = np.zeros((len(first), len(ranks)))
    counts[row[shown], place[shown]] = count[shown]
    low, high = np.quantile(counts, [LOW, HIGH], axis=0)
    return CodeCounts(rank=ranks, mean=counts.mean(axis=0), low=low, high=high, **layer)


class BasisSetChart(JointChart[CodeCounts]):
    """A line for each layer, rank against count, both logarithmic."""

    name = "basis_set"
    table = "basis_set"
    needs_steps = False
    heading = GROWTH
    words = Words(
        title="How often codes are used",
        x="rank of the code, the MAC's commonest first",
        y="training samples that showed it",
        meaning="A line that is high at first and falls steeply means that a few codes stand for most inputs; a level "
        "one that all codes are used alike. A long tail at 1 is codes that never came back.",
        example="Three falling lines; that of the lowest layer falls first",
    )

    def data(self, run: Run) -> list[CodeCounts]:
        """Each layer's counts."""
        return run.once(code_counts)

    def draw(self, ax: Axes, found: Sequence[CodeCounts], look: Look) -> None:
        """Means over MACs as lines; of one layer alone 10 to 90% of the MACs as a band."""
        from sparsey_trace.charts.axes.style import color_of, legend, line_of

        # Bands of several layers would lie over each other.
        alone = len(found) == 1 and look.label is None
        for layer in found:
            number = look.number_of(ax, layer.layer)
            color = look.color or color_of(number)
            ax.plot(
                layer.rank,
                layer.mean,
                color=color,
                linestyle=line_of(number),
                label=look.label_of(layer.name),
            )
            if alone:
                ax.fill_between(layer.rank, layer.low, layer.high, color=color, alpha=0.2, linewidth=0)
        ax.set(xscale="log", yscale="log", xlabel=self.words.x, ylabel=self.words.y)
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_formatter("{x:,g}")
        ax.set_ylim(bottom=LEAST, auto=True)
        legend(ax, f"mean and\n{LOW:.0%} to {HIGH:.0%} of MACs" if alone else "mean over MACs")

    def in_report(self, views: Views) -> Contribution:
        """A panel for each layer."""
        from sparsey_trace.charts.panels.curve_panels import BAND, MEAN
        from sparsey_trace.charts.panels.panel import Contribution, Group

        found = [(view, view.run.once(code_counts)) for view in views.having(self.table)]
        return Contribution(
            meaning=[self.words.meaning],
            key=[MEAN, BAND],
            groups=[Group(title=self.words.title, panels=_panels(found, self.words), is_shared=True)],
            missing=views.lacking(self.table, "counts of codes"),
        )


def _panels(found: Sequence[tuple[View, Sequence[CodeCounts]]], words: Words) -> list[Panel]:
    from sparsey_trace.charts.panels.figure import figure
    from sparsey_trace.charts.panels.panel import Panel

    panels = []
    for name in dict.fromkeys(view.layers[layer.layer] for view, layers in found for layer in layers):
        mine = [
            (view, layer) for view, layers in found for layer in layers if view.layers[layer.layer] == name
        ]
        said = " ".join(f"{view.name}: {_ends(layer)}." for view, layer in mine)
        panels.append(
            Panel(
                title=name,
                label=f"{words.title}, layer {name}. {said}",
                figure=figure(
                    [trace for view, layer in mine for trace in (_band(view, layer), _line(view, layer))],
                    x={"title": words.x, "type": "log"},
                    y={"title": words.y, "type": "log"},
                ),
            )
        )
    return panels


def _ends(layer: CodeCounts) -> str:
    from sparsey_trace.charts.panels.figure import in_words

    return (
        f"{in_words(layer.mean[0])} training samples showed a MAC's commonest code, in the mean over MACs, "
        f"{in_words(layer.mean[-1])} the one of rank {layer.rank[-1]:,}"
    )


def _line(view: View, layer: CodeCounts) -> Any:
    import plotly.graph_objects as go

    from sparsey_trace.charts.panels.figure import small, text

    return go.Scatter(
        x=small(layer.rank),
        y=small(np.where(layer.mean < LEAST, np.nan, layer.mean)),
        name=text(view.name),
        mode="lines+markers" if len(layer.rank) == 1 else "lines",
        line={"width": 2.5},
        hovertemplate=f"code of rank %{{x:,}}: mean %{{y:.4~g}} samples<extra>{text(view.name)}</extra>",
        meta={"series": view.series, "role": "line"},
    )


def _band(view: View, layer: CodeCounts) -> Any:
    from sparsey_trace.charts.panels.figure import band

    # A logarithmic axis has no place for 0.
    return band(view, layer.rank, np.maximum(layer.low, LEAST), np.maximum(layer.high, LEAST))
