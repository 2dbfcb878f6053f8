"""How a further value that was recorded is distributed at the end of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.charts.base import LayerChart
from sparsey_trace.charts.shared.histogram import share
from sparsey_trace.charts.shared.recorded import recorded
from sparsey_trace.charts.shared.words import RECORDED, VALUES, Words
from sparsey_trace.layout import PHASES
from sparsey_trace.tables.run_totals import last_turn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from sparsey_trace.charts.panels.panel import Contribution, Panel
    from sparsey_trace.charts.shared.recorded import Recorded
    from sparsey_trace.charts.shared.run import Run
    from sparsey_trace.charts.shared.views import View, Views

BINS = 40


@dataclass(frozen=True, eq=False, kw_only=True)
class ValueDistribution:
    """One layer's values of single MACs for single samples, over the last epoch of each phase.

    Attributes:
        layer: its number.
        name: its name.
        of: what the value is called.
        edges: [B + 1] float64, the edges of bins: of [0, 1] where all values lie in it.
        counts: phase to [B] int64, how many values fall into each bin; phases without values are left out.
    """

    layer: int
    name: str
    of: str
    edges: NDArray[np.float64]
    counts: dict[str, NDArray[np.int64]]

    @property
    def bins(self) -> list[str]:
        """[B] what each bin holds, in words."""
        return [f"{low:.4g} to {high:.4g}" for low, high in zip(self.edges, self.edges[1:], strict=False)]


def value_distributions(run: Run) -> list[ValueDistribution]:
    """Those of all layers whose MACs have values."""
    found = recorded(run)
    if found is None:
        return []
    samples = _last_samples(run)
    made = (_of_layer(found, number, samples) for number in range(len(run.layout.layers)))
    return [layer for layer in made if layer.counts]


def _last_samples(run: Run) -> dict[str, NDArray[np.int64]]:
    """Phase to the samples [n] of its last epoch, since it came for the last time."""
    phase, epoch = run.trace.samples.phase[:], run.trace.samples.epoch[:]
    of_phase = {name: np.flatnonzero(phase == code) for code, name in enumerate(PHASES)}
    return {name: mine[last_turn(epoch[mine]) :] for name, mine in of_phase.items() if len(mine)}


def _of_layer(found: Recorded, number: int, samples: Mapping[str, NDArray[np.int64]]) -> ValueDistribution:
    low, high = 0.0, 1.0
    for mine in samples.values():
        for part in found.parts(number, mine):
            values = found.of_layer(number, part)
            low, high = float(np.nanmin(values, initial=low)), float(np.nanmax(values, initial=high))
    edges = np.linspace(low, high, BINS + 1)
    counts = {}
    for phase, mine in samples.items():
        counts[phase] = np.zeros(BINS, np.int64)
        for part in found.parts(number, mine):
            values = found.of_layer(number, part)
            counts[phase] += np.histogram(values[~np.isnan(values)], edges)[0]
    return ValueDistribution(
        layer=number,
        name=found.run.layout.layers[number].name,
        of=found.name,
        edges=edges,
        counts={phase: of_phase for phase, of_phase in counts.items() if of_phase.any()},
    )


class LayerValueDistributionChart(LayerChart[ValueDistribution]):
    """A histogram for each layer, training and evaluation apart."""

    name = "layer_value_distribution"
    table = "layer_value"
    needs_steps = False
    heading = VALUES
    words = Words(
        title="Recorded value at the end",
        x=RECORDED,
        y="values (share of the phase)",
        meaning="What each active MAC had for each sample of the last epoch. A peak at a familiarity of 1 is inputs "
        "that a MAC knows by heart; two peaks, that it tells known inputs from new ones.",
        example="Three histograms of familiarity with most values near 1",
    )

    def fits(self, made: Mapping[str, Any]) -> bool:
        """Any: the table only says which value it is."""
        return True

    def data(self, run: Run) -> list[ValueDistribution]:
        """Each layer's values."""
        return run.once(value_distributions)

    def draw(self, ax: Axes, found: ValueDistribution) -> str:
        """Training as an area, evaluation as a line over it."""
        from sparsey_trace.charts.axes.stairs import draw_stairs

        draw_stairs(ax, found)
        words = self.words.about(found.of)
        ax.set(xlabel=words.x, ylabel=words.y)
        return ""

    def in_report(self, views: Views) -> Contribution:
        """A panel for each layer, runs on top of each other."""
        from sparsey_trace.charts.panels.panel import Contribution, Group

        found = [
            (view, layer) for view in views.having(self.table) for layer in view.run.once(value_distributions)
        ]
        if not found:
            return Contribution()
        of = found[0][1].of
        names = dict.fromkeys(view.layers[layer.layer] for view, layer in found)
        return Contribution(
            meaning=[self.words.meaning],
            key=[("dash", "evaluation, where training is a line with steps")],
            groups=[
                Group(
                    title=f"{of[:1].upper()}{of[1:]} in the last epoch",
                    panels=[_panel(found, name, self.words) for name in names],
                    is_shared=True,
                )
            ],
        )


def _panel(found: Sequence[tuple[View, ValueDistribution]], name: str, words: Words) -> Panel:
    """The layers that are called so, of all runs."""
    from sparsey_trace.charts.panels.figure import figure
    from sparsey_trace.charts.panels.panel import Panel
    from sparsey_trace.charts.panels.stairs import stairs

    mine = [(view, layer) for view, layer in found if view.layers[layer.layer] == name]
    of_phases = [(view, layer, phase) for view, layer in mine for phase in layer.counts]
    words = words.about(mine[0][1].of)
    return Panel(
        title=name,
        label=f"{words.title} in layer {name}. {' '.join(_said(*one) for one in of_phases)}",
        figure=figure(
            [stairs(*one, of="values") for one in of_phases],
            x={"title": words.x},
            y={"title": words.y, "rangemode": "tozero", "tickformat": ".2~%"},
        ),
    )


def _said(view: View, layer: ValueDistribution, phase: str) -> str:
    """The fullest bin."""
    shares = share(layer, phase)
    most = int(shares.argmax())
    return f"{view.name}, {phase}: most values, {shares[most]:.0%}, are {layer.bins[most]}."
