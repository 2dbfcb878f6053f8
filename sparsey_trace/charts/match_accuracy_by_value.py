"""Do old inputs bring back old codes: by a further value that was recorded, such as familiarity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.charts.base import JointChart
from sparsey_trace.charts.shared.group_means import samples_in_words
from sparsey_trace.charts.shared.matches import binned, sample_matches
from sparsey_trace.charts.shared.recorded import recorded
from sparsey_trace.charts.shared.words import RECORDED, VALUES, WINNERS_AXIS, Words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from sparsey_trace.charts.axes.look import Look
    from sparsey_trace.charts.panels.panel import Contribution
    from sparsey_trace.charts.shared.group_means import GroupMeans
    from sparsey_trace.charts.shared.matches import SampleMatches
    from sparsey_trace.charts.shared.recorded import Recorded
    from sparsey_trace.charts.shared.run import Run
    from sparsey_trace.charts.shared.views import View, Views


MOST_BINS = 8
"""What is wanted is whether the line rises: more bins show more of chance than of that."""


@dataclass(frozen=True, eq=False, kw_only=True)
class MatchesByValue:
    """One layer's winners that agree, by the mean over its active MACs of what was recorded for the sample.

    Attributes:
        layer: its number.
        name: its name.
        of: what the recorded value is called.
        chance: as of `SampleMatches`.
        low: [B] float64, the lowest value in a bin.
        high: [B] float64, the highest one.
        means: of the samples of each bin.
    """

    layer: int
    name: str
    of: str
    chance: float | None
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    means: GroupMeans


def matches_by_value(run: Run) -> list[MatchesByValue]:
    """Those of layers whose MACs have values.

    Raises:
        KeyError: match accuracy can't be computed; the message says why.
    """
    found = recorded(run)
    if found is None:
        return []
    made = (_of_layer(found, layer) for layer in run.once(sample_matches))
    return [layer for layer in made if layer is not None]


def _of_layer(found: Recorded, layer: SampleMatches) -> MatchesByValue | None:
    means = np.concatenate(
        [_means(found.of_layer(layer.layer, part)) for part in found.parts(layer.layer, layer.sample)]
    )
    known = ~np.isnan(means)
    if not known.any():
        return None
    low, high, of_bins = binned(means[known], layer.value[known], most=MOST_BINS)
    return MatchesByValue(
        layer=layer.layer,
        name=layer.name,
        of=found.name,
        chance=layer.chance,
        low=low,
        high=high,
        means=of_bins,
    )


def _means(values: NDArray[np.float32]) -> NDArray[np.float64]:
    """[n] the means of [n, M] over the MACs that have a value; nan where none has."""
    counts = (~np.isnan(values)).sum(axis=1)
    sums = np.nan_to_num(values).sum(axis=1, dtype=np.float64)
    return np.asarray(np.divide(sums, counts, out=np.full(len(sums), np.nan), where=counts > 0))


class MatchAccuracyByValueChart(JointChart[MatchesByValue]):
    """A point for each bin of values and layer, as wide as the bin."""

    name = "match_accuracy_by_value"
    table = "match_accuracy"
    heading = VALUES
    words = Words(
        title="Winners that agree, by recorded value",
        x=RECORDED,
        y=WINNERS_AXIS,
        meaning="The share of CMs in which the winner is the one for the nearest training input, by the mean of what "
        "the layer's active MACs had, in the last evaluation. By familiarity it should rise: what a MAC takes for "
        "known should get a known code.",
        example="Three lines with bars that rise a little, above dotted lines of chance",
    )

    def fits(self, made: Mapping[str, Any]) -> bool:
        """Any: the table only says that values can be computed, and with which parameters."""
        return True

    def data(self, run: Run) -> list[MatchesByValue]:
        """Each layer's matches; replays the trace."""
        return run.once(matches_by_value)

    def draw(self, ax: Axes, found: Sequence[MatchesByValue], look: Look) -> None:
        """Points with the widths of their bins."""
        from sparsey_trace.charts.axes.bins import draw_bins
        from sparsey_trace.charts.axes.curve_lines import BY_CHANCE
        from sparsey_trace.charts.axes.style import legend

        for layer in found:
            draw_bins(
                ax, layer.layer, layer.name, layer.low, layer.high, layer.means, look, chance=layer.chance
            )
        words = self.words.about(found[0].of)
        ax.set(xlabel=words.x, ylabel=words.y)
        each = samples_in_words([layer.means for layer in found])
        legend(ax, f"mean, 95% interval\n({each} samples each)\n{BY_CHANCE}")

    def in_report(self, views: Views) -> Contribution:
        """A panel for each layer; nothing of runs without such values."""
        from sparsey_trace.charts.panels.match_panels import match_panels
        from sparsey_trace.charts.panels.panel import Contribution, Group

        of_runs = [(view, view.run.once(matches_by_value)) for view in views.having(self.table)]
        found = [(view, layers) for view, layers in of_runs if layers]
        if not found:
            return Contribution()
        every = [layer for _, layers in found for layer in layers]
        across = min(float(layer.low[0]) for layer in every), max(float(layer.high[-1]) for layer in every)
        panels = match_panels(found, self.words.about(every[0].of), _line, _ends, across=across)
        title = f"Winners that agree, by {every[0].of}"
        return Contribution(
            meaning=[self.words.meaning], groups=[Group(title=title, panels=panels, is_shared=True)]
        )


def _line(view: View, layer: MatchesByValue) -> Any:
    """What plotly draws of one run's layer."""
    from sparsey_trace.charts.panels.match_panels import binned_line

    return binned_line(view, layer.low, layer.high, layer.means, called=layer.of)


def _ends(layer: MatchesByValue) -> str:
    from sparsey_trace.charts.panels.figure import in_words

    first, last = (
        f"{in_words(layer.means.mean[at])} at {in_words(float(edge))}"
        for at, edge in ((0, layer.low[0]), (-1, layer.high[-1]))
    )
    return f"{first}, {last}"
