"""Do old inputs bring back old codes: by how near the nearest training input was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sparsey_trace.charts.base import JointChart
from sparsey_trace.charts.shared.group_means import samples_in_words
from sparsey_trace.charts.shared.matches import Matches, matches
from sparsey_trace.charts.shared.words import MATCH, WINNERS_AXIS, Words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes

    from sparsey_trace.charts.axes.look import Look
    from sparsey_trace.charts.panels.panel import Contribution
    from sparsey_trace.charts.shared.run import Run
    from sparsey_trace.charts.shared.views import View, Views

_JACCARD = "distance to the nearest training input (1 - Jaccard similarity)"
"""The title of the horizontal axis where distances were measured so."""


class MatchAccuracyByDistanceChart(JointChart[Matches]):
    """A point for each bin of distances and layer, as wide as the bin."""

    name = "match_accuracy_by_distance"
    table = "match_accuracy"
    heading = MATCH
    words = Words(
        title="Winners that agree, by distance",
        x="distance to the nearest training input (features)",
        y=WINNERS_AXIS,
        meaning="The same by how many features differ from the nearest training input: 0 is an input seen before. "
        "It should fall slowly, towards chance; a cliff means that codes are brittle.",
        example="Three falling lines with bars, above dotted lines of chance",
    )

    def fits(self, made: Mapping[str, Any]) -> bool:
        """Any: the table only says that values can be computed, and with which parameters."""
        return True

    def data(self, run: Run) -> list[Matches]:
        """Each layer's matches; replays the trace."""
        return run.once(matches)

    def draw(self, ax: Axes, found: Sequence[Matches], look: Look) -> None:
        """Points with the widths of their bins."""
        from sparsey_trace.charts.axes.bins import draw_bins
        from sparsey_trace.charts.axes.curve_lines import BY_CHANCE
        from sparsey_trace.charts.axes.style import legend

        for layer in found:
            draw_bins(
                ax,
                layer.layer,
                layer.name,
                layer.low,
                layer.high,
                layer.by_distance,
                look,
                chance=layer.chance,
            )
        ax.set(xlabel=self.words.x, ylabel=self.words.y)
        each = samples_in_words([layer.by_distance for layer in found])
        legend(ax, f"mean, 95% interval\n({each} samples each)\n{BY_CHANCE}")
        if any(layer.measure == "jaccard" for layer in found):
            ax.set_xlabel(_JACCARD)

    def in_report(self, views: Views) -> Contribution:
        """A panel for each layer."""
        from sparsey_trace.charts.panels.match_panels import match_panels, matches_of
        from sparsey_trace.charts.panels.panel import Contribution, Group

        found = matches_of(views)
        farthest = max((float(layer.high[-1]) for _, layers in found for layer in layers), default=0.0)
        panels = match_panels(found, self.words, _line, _ends, across=(0, farthest))
        return Contribution(
            meaning=[self.words.meaning],
            groups=[Group(title="By distance", panels=panels, is_shared=True)],
        )


def _line(view: View, layer: Matches) -> Any:
    """What plotly draws of one run's layer."""
    from sparsey_trace.charts.panels.match_panels import binned_line

    return binned_line(view, layer.low, layer.high, layer.by_distance, called="distance")


def _ends(layer: Matches) -> str:
    from sparsey_trace.charts.panels.figure import in_words

    return (
        f"{in_words(layer.by_distance.mean[0])} at distance {in_words(layer.low[0])}, "
        f"{in_words(layer.by_distance.mean[-1])} at {in_words(layer.high[-1])}"
    )
