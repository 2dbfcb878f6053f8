"""Do old inputs bring back old codes: class by class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.charts.base import JointChart
from sparsey_trace.charts.shared.group_means import samples_in_words
from sparsey_trace.charts.shared.matches import Matches, matches
from sparsey_trace.charts.shared.words import MATCH, WINNERS_AXIS, Words
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

_BELOW = "Below each class stands how many samples it has; where charts differ in that, point at the class."


class MatchAccuracyByClassChart(JointChart[Matches]):
    """A point for each class and layer."""

    name = "match_accuracy_by_class"
    table = "match_accuracy"
    heading = MATCH
    words = Words(
        title="Winners that agree, by class",
        x="class",
        y=WINNERS_AXIS,
        meaning="The share of CMs in which the winner is the one for the nearest training input, by label, in the "
        "last evaluation, with the 95% interval of each mean (Student's t over its samples). Classes whose inputs are "
        "seldom recognised stand out; what is no higher than chance wasn't recognised.",
        example="Points with bars for ten classes and three layers, above dotted lines of chance",
    )

    def fits(self, made: Mapping[str, Any]) -> bool:
        """Any: the table only says that values can be computed, and with which parameters."""
        return True

    def data(self, run: Run) -> list[Matches]:
        """Each layer's matches; replays the trace."""
        return run.once(matches)

    def draw(self, ax: Axes, found: Sequence[Matches], look: Look) -> None:
        """Points with intervals, those of several layers a little aside of each other."""
        from sparsey_trace.charts.axes.curve_lines import BY_CHANCE, draw_chance
        from sparsey_trace.charts.axes.style import color_of, legend, marker_of, set_aside

        for rank, layer in enumerate(found):
            classes = [_class_name(label) for label in layer.label.tolist()]
            number = look.number_of(ax, layer.layer)
            color = look.color or color_of(number)
            marks = ax.errorbar(
                classes,
                layer.by_class.mean,
                yerr=layer.by_class.whiskers,
                color=color,
                linestyle="",
                marker=marker_of(number),
                capsize=2,
                label=look.label_of(layer.name),
            )
            set_aside(ax, marks.get_children(), rank=rank, of=len(found))
            draw_chance(ax, layer.chance, color)
            if len(classes) > _MOST_UPRIGHT:
                ax.tick_params(axis="x", rotation=90)
        ax.set(xlabel=self.words.x, ylabel=self.words.y)
        each = samples_in_words([layer.by_class for layer in found])
        legend(ax, f"mean, 95% interval\n({each} samples each)\n{BY_CHANCE}")

    def in_report(self, views: Views) -> Contribution:
        """A panel for each layer; none where no sample has a label."""
        from sparsey_trace.charts.panels.curve_panels import CHANCE
        from sparsey_trace.charts.panels.match_panels import matches_of
        from sparsey_trace.charts.panels.panel import Contribution, Group

        return Contribution(
            meaning=[self.words.meaning, _BELOW],
            key=[("points", "mean over samples, with its 95% interval"), CHANCE],
            groups=[Group(title="By class", panels=self._panels(matches_of(views)), is_shared=True)],
        )

    def _panels(self, found: FoundMatches) -> list[Panel]:
        from sparsey_trace.charts.panels.figure import text
        from sparsey_trace.charts.panels.match_panels import match_panels

        labels = sorted({label for _, layers in found for layer in layers for label in layer.label.tolist()})
        if set(labels) <= {NO_LABEL}:
            return []
        ticks = {label: tick for tick, label in enumerate(labels)}
        every = max(1, len(labels) // 10)
        sizes = _sizes(found)
        axis = {
            "tickvals": list(ticks.values())[::every],
            "ticktext": [text(_class_name(label)) + sizes.get(label, "") for label in labels][::every],
            "range": [-0.5, len(labels) - 0.5],
        }
        return match_panels(
            found,
            self.words,
            lambda view, layer: _points(view, layer, ticks),
            _worst_class,
            across=(-0.5, len(labels) - 0.5),
            **axis,
        )


def _sizes(found: FoundMatches) -> dict[int, str]:
    """What stands below the name of a class: its samples, where they are as many in all layers and runs."""
    every = {
        tuple(zip(layer.label.tolist(), layer.by_class.size.tolist(), strict=True))
        for _, layers in found
        for layer in layers
    }
    return {label: f"<br>{size:,}" for label, size in every.pop()} if len(every) == 1 else {}


def _class_name(label: int) -> str:
    return "none" if label == NO_LABEL else str(label)


def _points(view: View, layer: Matches, ticks: Mapping[int, int]) -> Any:
    """What plotly draws of one run's layer; classes stand at their ticks."""
    import plotly.graph_objects as go

    from sparsey_trace.charts.panels.figure import small, text
    from sparsey_trace.charts.panels.match_panels import whiskers

    labels = layer.label.tolist()
    return go.Scatter(
        x=[ticks[label] for label in labels],
        y=small(layer.by_class.mean),
        error_y=whiskers(layer.by_class, width=3),
        customdata=small(np.stack([layer.by_class.size, np.nan_to_num(layer.by_class.margin)], axis=1)),
        text=[_class_name(label) for label in labels],
        name=text(view.name),
        mode="markers",
        marker={"size": 10},
        hovertemplate="class %{text}: %{y:.4~g} ± %{customdata[1]:.2~g}<br>%{customdata[0]:,} samples"
        f"<extra>{text(view.name)}</extra>",
        meta={"series": view.series, "role": "points"},
    )


def _worst_class(layer: Matches) -> str:
    from sparsey_trace.charts.panels.figure import in_words

    mean = layer.by_class.mean
    worst, best = int(mean.argmin()), int(mean.argmax())
    return (
        f"from {in_words(mean[worst])} for class {_class_name(layer.label[worst])} to {in_words(mean[best])} "
        f"for class {_class_name(layer.label[best])}, of {samples_in_words([layer.by_class])} samples each"
    )
