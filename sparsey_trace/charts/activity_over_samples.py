"""How much of a layer a sample makes active: the distribution over samples."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.charts.base import LayerChart
from sparsey_trace.charts.shared.histogram import share
from sparsey_trace.charts.shared.words import ACTIVITY, Words
from sparsey_trace.layout import PHASES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from sparsey_trace.charts.panels.panel import Contribution, Panel
    from sparsey_trace.charts.shared.run import Run
    from sparsey_trace.charts.shared.views import View, Views

MOST_BINS = 40
"""Of numbers of active MACs. Each holds as many numbers, or the peaks would be those of the bins."""

_TICKS = np.linspace(0, 1, 6)


@dataclass(frozen=True, eq=False, kw_only=True)
class ActivityOverSamples:
    """One layer's samples by how many of its MACs were active.

    Attributes:
        layer: its number.
        name: its name.
        macs: how many MACs it has.
        fewest: [B] int64, the lowest number of active MACs in each bin; it reaches to the next one.
        counts: phase to [B] int64, how many of its samples fall into each bin; phases without samples are left out.
        silent: how many samples, of all phases, made no MAC active.
    """

    layer: int
    name: str
    macs: int
    fewest: NDArray[np.int64]
    counts: dict[str, NDArray[np.int64]]
    silent: int

    @property
    def edges(self) -> NDArray[np.float64]:
        """[B + 1] float64, the edges of bins as shares of the layer, half-way between whole numbers of MACs."""
        return np.asarray((np.append(self.fewest, self.macs + 1) - 0.5) / self.macs)

    @property
    def bins(self) -> list[str]:
        """[B] what each bin holds, in words."""
        most = np.append(self.fewest[1:], self.macs + 1) - 1
        ranges = zip(self.fewest.tolist(), most.tolist(), strict=True)
        return [f"{low if low == high else f'{low} to {high}'} of {self.macs} MACs" for low, high in ranges]


def activity_over_samples(run: Run) -> list[ActivityOverSamples]:
    """Each layer's samples, lowest layer first."""
    phase = run.trace.samples.phase[:]
    return [_layer_samples(run, number, phase) for number in range(len(run.layout.layers))]


def _layer_samples(run: Run, number: int, phase: NDArray[np.uint8]) -> ActivityOverSamples:
    """Those of one layer; `phase` [N] is each sample's."""
    layer, view = run.layout.layers[number], run.trace.layers[number]
    by_active = np.zeros((len(PHASES), layer.num_macs + 1), np.int64)
    for start in range(0, len(phase), run.trace.chunk_size):
        stop = start + run.trace.chunk_size
        np.add.at(by_active, (phase[start:stop], view.active[start:stop].sum(axis=1)), 1)
    fewest = np.arange(0, layer.num_macs + 1, math.ceil((layer.num_macs + 1) / MOST_BINS))
    return ActivityOverSamples(
        layer=number,
        name=layer.name,
        macs=layer.num_macs,
        fewest=fewest,
        counts={
            name: np.add.reduceat(by_active[code], fewest)
            for code, name in enumerate(PHASES)
            if by_active[code].any()
        },
        silent=int(by_active[:, 0].sum()),
    )


class ActivityOverSamplesChart(LayerChart[ActivityOverSamples]):
    """A histogram of samples for each layer, training and evaluation apart. Needs no table."""

    name = "activity_over_samples"
    table = None
    heading = ACTIVITY
    words = Words(
        title="Activity over samples",
        x="active MACs (share of the layer)",
        y="samples (share of the phase)",
        meaning="How many of a layer's MACs a sample makes active. A narrow peak means that all samples drive the "
        "layer alike; samples at 0 don't reach it at all.",
        example="Three histograms; the higher the layer, the more of its MACs a sample makes active",
    )

    def data(self, run: Run) -> list[ActivityOverSamples]:
        """Each layer's samples."""
        return activity_over_samples(run)

    def draw(self, ax: Axes, found: ActivityOverSamples) -> str:
        """Training as an area, evaluation as a line over it."""
        from matplotlib.ticker import PercentFormatter

        from sparsey_trace.charts.axes.stairs import draw_stairs

        draw_stairs(ax, found)
        ax.set(xticks=_TICKS[::5], xlabel=self.words.x, ylabel=self.words.y)
        ax.xaxis.set_major_formatter(PercentFormatter(1))
        total = sum(int(counts.sum()) for counts in found.counts.values())
        return f"{found.silent:,} of {total:,} samples without an active MAC" if found.silent else ""

    def in_report(self, views: Views) -> Contribution:
        """A panel for each layer, runs on top of each other."""
        from sparsey_trace.charts.panels.panel import Contribution, Group

        found = [(view, layer) for view in views.all for layer in activity_over_samples(view.run)]
        return Contribution(
            meaning=[self.words.meaning],
            key=[("line", "samples in training"), ("dash", "samples in evaluation")],
            groups=[Group(title=self.words.title, panels=[_panel(found, name) for name in views.layers])],
        )


def _panel(found: Sequence[tuple[View, ActivityOverSamples]], name: str) -> Panel:
    """The layers that are called so, of all runs."""
    from sparsey_trace.charts.panels.figure import figure
    from sparsey_trace.charts.panels.panel import Panel
    from sparsey_trace.charts.panels.stairs import stairs

    words = ActivityOverSamplesChart.words
    mine = [(view, layer) for view, layer in found if view.layers[layer.layer] == name]
    lines = [stairs(view, layer, phase, of="samples") for view, layer in mine for phase in layer.counts]
    said = " ".join(_said(view, layer, phase) for view, layer in mine for phase in layer.counts)
    return Panel(
        title=name,
        label=f"{words.title} in layer {name}. {said}",
        figure=figure(
            lines,
            x={"title": words.x, "tickvals": _TICKS.tolist(), "tickformat": ".0%"},
            y={"title": words.y, "rangemode": "tozero", "tickformat": ".2~%"},
        ),
    )


def _said(view: View, layer: ActivityOverSamples, phase: str) -> str:
    """The fullest bin."""
    shares = share(layer, phase)
    most = int(shares.argmax())
    return f"{view.name}, {phase}: most samples, {shares[most]:.0%}, make {layer.bins[most]} active."
