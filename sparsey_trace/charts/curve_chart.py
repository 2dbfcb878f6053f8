"""Charts of how a metric's values went over a run: what they share; each one is a file of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from sparsey_trace.charts.base import JointChart
from sparsey_trace.charts.shared.curves import Curve, curves

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from sparsey_trace.charts.axes.look import Look
    from sparsey_trace.charts.shared.run import Run
    from sparsey_trace.charts.shared.views import View, Views

MOST_POINTS = 100
"""For matplotlib. With more, dashes can't be told apart, and a step of few samples has few new codes or none."""

MOST_PANEL_POINTS = 200
"""In a report: a panel is some 300 pixels wide."""


class CurveChart(JointChart[Curve]):
    """A chart of curves, one for each layer and phase.

    Class attributes:
        table: the metric whose values it shows.
        from_zero: whether the vertical axis begins at 0, as what is shown is counted.
    """

    table: ClassVar[str]
    from_zero: ClassVar[bool] = False

    def curves(self, run: Run, *, most: int) -> list[Curve]:
        """The curves, of at most so many points; those of training first."""
        return curves(run, self.table, most=most)

    def data(self, run: Run) -> list[Curve]:
        """The curves, as matplotlib draws them."""
        return self.curves(run, most=MOST_POINTS)

    def draw(self, ax: Axes, found: Sequence[Curve], look: Look) -> None:
        """Lines and bands of the first phase there is, and marks of evaluations beside training."""
        from sparsey_trace.charts.axes.curve_lines import draw_curves

        draw_curves(ax, found, look, words=self.words, from_zero=self.from_zero)

    def over(self, views: Views, *, most: int = MOST_PANEL_POINTS) -> list[tuple[View, list[Curve]]]:
        """Each run's curves for a report; runs without are left out."""
        found = [(view, self.curves(view.run, most=most)) for view in views.having(self.table)]
        return [(view, made) for view, made in found if made]

    def valueless(self, views: Views, found: Sequence[tuple[View, Sequence[Curve]]]) -> list[str]:
        """A sentence for each run that has the table, but no value in it."""
        with_values = {view.series for view, _ in found}
        return [
            f"No {_within(self.words.title)}{f' of {view.name}' if views.are_several else ''}: {self.unless}."
            for view in views.having(self.table)
            if view.series not in with_values
        ]


def _within(title: str) -> str:
    """A title within a sentence: an acronym that it begins with stays one."""
    return title if title[:2].isupper() else title[:1].lower() + title[1:]
