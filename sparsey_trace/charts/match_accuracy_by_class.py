"""Do old inputs bring back old codes: class by class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sparsey_trace.charts.base import JointChart
from sparsey_trace.charts.shared.matches import Matches, matches
from sparsey_trace.charts.shared.words import MATCH, Words
from sparsey_trace.layout import NO_LABEL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes

    from sparsey_trace.charts.axes.look import Look
    from sparsey_trace.charts.panels.match_panels import FoundMatches
    from sparsey_trace.charts.panels.panel import Contribution, Panel
    from sparsey_trace.charts.shared.run import Run
    from sparsey_trace.charts.shared.views import View, Views

_MOST_UPRIGHT = 12
"""More classes' names wouldn't stand side by side."""


class MatchAccuracyByClassChart(JointChart[Matches]):
    """A point for each class and layer."""

    name = "match_accuracy_by_class"
    table = "match_accuracy"
    heading = MATCH
    words = Words(
        title="Match accuracy by class",
        x="class",
        y="match accuracy (similarity of codes)",
        meaning="The same by label: classes whose inputs are seldom recognised stand out.",
        example="Points for ten classes and three layers; class 1 is highest",
    )

    def fits(self, made: Mapping[str, Any]) -> bool:
        """Any: the table only says that values can be computed, and with which parameters."""
        return True

    def data(self, run: Run) -> list[Matches]:
        """Each layer's matches; replays the trace."""
        return run.once(matches)

    def draw(self, ax: Axes, found: Sequence[Matches], look: Look) -> None:
        """Points, those of several layers a little aside of each other."""
        from sparsey_trace.charts.axes.style import color_of, legend, marker_of, set_aside

        for rank, layer in enumerate(found):
            classes = [_class_name(label) for label in layer.label.tolist()]
            number = look.number_of(ax, layer.layer)
            (marks,) = ax.plot(
                classes,
                layer.by_class,
                color=look.color or color_of(number),
                linestyle="",
                marker=marker_of(number),
                label=look.label_of(layer.name),
            )
            set_aside(ax, [marks], rank=rank, of=len(found))
            if len(classes) > _MOST_UPRIGHT:
                ax.tick_params(axis="x", rotation=90)
        ax.set(xlabel=self.words.x, ylabel=self.words.y)
        legend(ax, "mean over MACs")

    def in_report(self, views: Views) -> Contribution:
        """A panel for each layer; none where no sample has a label."""
        from sparsey_trace.charts.panels.match_panels import matches_of
        from sparsey_trace.charts.panels.panel import Contribution, Group

        return Contribution(groups=[Group(title="By class", panels=self._panels(matches_of(views)))])

    def _panels(self, found: FoundMatches) -> list[Panel]:
        from sparsey_trace.charts.panels.figure import text
        from sparsey_trace.charts.panels.match_panels import match_panels

        labels = sorted({label for _, layers in found for layer in layers for label in layer.label.tolist()})
        if set(labels) <= {NO_LABEL}:
            return []
        names = [_class_name(label) for label in labels]
        ticks = {label: tick for tick, label in enumerate(labels)}
        axis = {"tickvals": list(ticks.values()), "ticktext": [text(name) for name in names]}
        if len(labels) > 20:
            every = len(labels) // 10
            axis = {"tickvals": list(ticks.values())[::every], "ticktext": names[::every]}
        return match_panels(
            found, self.words, lambda view, layer: _points(view, layer, ticks), _worst_class, **axis
        )


def _class_name(label: int) -> str:
    return "none" if label == NO_LABEL else str(label)


def _points(view: View, layer: Matches, ticks: Mapping[int, int]) -> Any:
    """What plotly draws of one run's layer; classes stand at their ticks."""
    import plotly.graph_objects as go

    from sparsey_trace.charts.panels.figure import small, text

    labels = layer.label.tolist()
    return go.Scatter(
        x=[ticks[label] for label in labels],
        y=small(layer.by_class),
        customdata=small(layer.class_size),
        text=[_class_name(label) for label in labels],
        name=text(view.name),
        mode="markers",
        marker={"size": 10},
        hovertemplate=f"class %{{text}}: %{{y:.4~g}}<br>%{{customdata:,}} samples<extra>{text(view.name)}</extra>",
        meta={"series": view.series, "role": "points"},
    )


def _worst_class(layer: Matches) -> str:
    from sparsey_trace.charts.panels.figure import in_words

    worst, best = int(layer.by_class.argmin()), int(layer.by_class.argmax())
    return (
        f"from {in_words(layer.by_class[worst])} for class {layer.label[worst]} "
        f"to {in_words(layer.by_class[best])} for class {layer.label[best]}"
    )
