"""Which inputs don't bring back old codes: the worst samples as pictures, beside what they are compared with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.charts.base import LayerChart
from sparsey_trace.charts.shared.colours import MEASURE
from sparsey_trace.charts.shared.words import MATCH, Words
from sparsey_trace.charts.shared.worst_matches import worst_matches
from sparsey_trace.layout import NO_LABEL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from sparsey_trace.charts.panels.panel import Contribution
    from sparsey_trace.charts.shared.run import Run
    from sparsey_trace.charts.shared.views import Views
    from sparsey_trace.charts.shared.worst_matches import AgreeingCms, WorstMatches

MOST_DRAWN = 5
"""More pairs on axes of a layer are too small to be seen on paper."""

_SHARE = 0.9
"""Of its place that a picture takes."""


@dataclass(frozen=True, eq=False, kw_only=True)
class WorstOfLayer:
    """What is drawn of one layer.

    Attributes:
        layer: its number.
        name: its name.
        worst: the samples, the same for all layers.
        cms: which of the layer's CMs agree.
    """

    layer: int
    name: str
    worst: WorstMatches
    cms: AgreeingCms


class WorstMatchesChart(LayerChart[WorstOfLayer]):
    """A row for each sample: its picture, that of the nearest training sample, and the layer's MACs."""

    name = "worst_matches"
    table = "match_accuracy"
    heading = MATCH
    words = Words(
        title="Samples that match worst",
        x="sample, nearest, MACs",
        y="sample, worst first",
        meaning="The samples of the last evaluation with the smallest share of winners that agree with those for the "
        "nearest training input, by the mean over layers, each beside that input. The MACs are coloured by "
        "how many of their CMs agree: dark ones gave another code. Alike pictures under dark MACs are inputs that "
        "weren't recognised.",
        example="For three layers, five pairs of digits, each with a map of MACs, most of which are dark",
    )

    def fits(self, made: Mapping[str, Any]) -> bool:
        """Any: the table only says that values can be computed, and with which parameters."""
        return True

    def data(self, run: Run) -> list[WorstOfLayer]:
        """The samples, and each layer's CMs; replays the trace."""
        worst = run.once(worst_matches)
        if worst is None:
            return []
        return [WorstOfLayer(layer=cms.layer, name=cms.name, worst=worst, cms=cms) for cms in worst.layers]

    def draw(self, ax: Axes, found: WorstOfLayer) -> str:
        """Pictures and maps as cells of a table."""
        from matplotlib.collections import PolyCollection

        from sparsey_trace.charts.axes.cells import cells_of
        from sparsey_trace.charts.axes.style import scale

        worst, cms = found.worst, found.cms
        rows = min(len(worst.sample), MOST_DRAWN)
        both = np.stack([worst.pictures, worst.nearest_pictures], axis=1)[:rows]
        low, high = min(0.0, float(both.min())), float(both.max())
        for row, pair in enumerate(both):
            for column, picture in enumerate(pair):
                _put(ax, picture, row, column, low, high)
            cells = _inside(cells_of(cms.grid)) + np.array([2, row])
            shown = cms.active[row]
            ax.add_collection(
                PolyCollection(list(cells[~shown]), facecolors="none", edgecolors="0.5", linewidths=0.2)
            )
            macs = PolyCollection(list(cells[shown]), cmap=MEASURE, edgecolors="face", linewidths=0.2)
            macs.set_array(cms.agreeing[row, shown] / cms.num_cms)
            macs.set_clim(0, 1)
            ax.add_collection(macs)
        scale(ax, macs, "CMs that agree (share)")
        ax.set(xlim=(-0.5, 2.5), ylim=(rows - 0.5, -0.5), aspect="equal", xlabel=self.words.x)
        ax.set(ylabel=self.words.y, xticks=[])
        ax.set(yticks=range(rows), yticklabels=[_line(worst, row) for row in range(rows)])
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
        return f"1/{worst.shrink} of their height and width" if worst.shrink > 1 else ""

    def in_report(self, views: Views) -> Contribution:
        """The pairs of each run, in words too."""
        from sparsey_trace.charts.panels.pairs import pairs
        from sparsey_trace.charts.panels.panel import Contribution, Group

        of_runs = [(view, view.run.once(worst_matches)) for view in views.having(self.table)]
        found = [(view, worst) for view, worst in of_runs if worst is not None]
        if not found:
            return Contribution()
        made = [pairs(view, worst) for view, worst in found]
        return Contribution(
            meaning=[self.words.meaning],
            groups=[Group(title=self.words.title, pairs=made)],
            thinned=list(dict.fromkeys(line for of_run in made for line in of_run.thinned)),
        )


def _put(ax: Axes, picture: NDArray[np.float32], row: int, column: int, low: float, high: float) -> None:
    """A picture [H, W] in the middle of its place."""
    height, width = (_SHARE / 2 * side / max(picture.shape) for side in picture.shape)
    extent = (column - width, column + width, row + height, row - height)
    ax.imshow(picture, cmap=MEASURE, vmin=low, vmax=high or 1.0, extent=extent, interpolation="none")


def _inside(cells: NDArray[np.float64]) -> NDArray[np.float64]:
    """Outlines [M, corners, 2] as large as a picture, around 0."""
    start, end = cells.min(axis=(0, 1)), cells.max(axis=(0, 1))
    return np.asarray((cells - (start + end) / 2) * (_SHARE / (end - start).max()))


def _line(worst: WorstMatches, row: int) -> str:
    """The sample's number and the share of winners that agree, and both labels."""
    both = (int(worst.label[row]), int(worst.nearest_label[row]))
    labels = " / ".join("none" if label == NO_LABEL else str(label) for label in both)
    return f"{worst.sample[row]}: {worst.value[row]:.2f}\nlabel {labels}"
