"""Configuration against figures, of many runs: an axis for each, and a line for each run across all of them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.charts.over_runs.base import RunsChart
from sparsey_trace.charts.over_runs.scales import MISSING, Lines, axis_of
from sparsey_trace.charts.shared.colours import MEASURE
from sparsey_trace.charts.shared.words import Words
from sparsey_trace.errors import TraceError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from sparsey_trace.charts.over_runs.base import RunColumns
    from sparsey_trace.charts.panels.panel import Contribution

MOST_SETTINGS, MOST_FIGURES = 8, 4
"""Axes; with more, their labels run into each other."""

_SHADES = 8


class ParallelCoordinatesChart(RunsChart[Lines]):
    """Which settings led to which figures."""

    name = "parallel_coordinates"
    words = Words(
        title="Configuration against figures",
        x="settings that differ, then what runs came to",
        y="lowest to highest",
        meaning="Each line is a run: it meets every axis where the run's value is. Lines are coloured by the last "
        "axis, so that settings of good runs are those where light lines meet; where many runs share a value they are "
        "spread a little, by the last axis.",
        example="Lines over five axes; the light ones meet at one learning rate",
    )

    def data(self, runs: RunColumns) -> Lines:
        """The axes, and the lines' colours."""
        settings = list(runs.settings)
        known = sorted(
            runs.figures, key=lambda name: (name not in runs.better, not name.startswith("basis_set_size "))
        )
        others = [name for name in known if name != runs.main]
        figures = [name for name in others if _differs(runs.figures[name])]
        shown = figures[: MOST_FIGURES - 1]
        columns: dict[str, Sequence[Any]] = {key: runs.settings[key] for key in settings[:MOST_SETTINGS]}
        columns |= {name: runs.figures[name] for name in shown}
        if runs.main is not None:
            columns[runs.main] = runs.figures[runs.main]
        if len(columns) < 2:
            msg = f"{self.name}: expected runs with two settings or figures that differ, found {len(columns)}"
            raise TraceError(msg)
        axes = [axis_of(name, values) for name, values in columns.items()]
        last = axes[-1].position
        shade = np.where(last == MISSING, -1, np.minimum((last * _SHADES).astype(np.int64), _SHADES - 1))
        left_out = [*settings[MOST_SETTINGS:], *figures[MOST_FIGURES - 1 :]]
        alike = [name for name in others if name not in figures]
        return Lines(names=runs.names, axes=axes, shade=shade, left_out=left_out, alike=alike)

    def draw(self, ax: Axes, found: Lines) -> None:
        """Lines from axis to axis, the worst below."""
        from matplotlib import colormaps

        from sparsey_trace.charts.axes.style import shown

        colours = colormaps[MEASURE](np.linspace(0, 1, _SHADES))
        at = np.arange(len(found.axes))
        for number in np.argsort(found.shade, kind="stable"):
            shade = int(found.shade[number])
            colour = "0.7" if shade < 0 else colours[shade]
            ax.plot(at, found.height[number], color=colour, linewidth=1, alpha=0.7)
        for place, axis in enumerate(found.axes):
            ax.axvline(place, color="0.5", linewidth=0.8)
            for where, text in axis.ticks:
                ax.annotate(
                    shown(text),
                    (place, where),
                    (3, 0),
                    textcoords="offset points",
                    fontsize="x-small",
                    va="center",
                )
        ax.set_xticks(at, [shown(axis.name) for axis in found.axes], rotation=20, ha="right")
        ax.set_yticks([])
        ax.set_ylabel(self.words.y)

    def in_report(self, runs: RunColumns) -> Contribution:
        """One panel over the whole width."""
        from sparsey_trace.charts.over_runs.parallel_panel import panel
        from sparsey_trace.charts.panels.panel import Contribution, Group

        try:
            found = self.data(runs)
        except TraceError as error:
            return Contribution(missing=[f"No chart of configuration against figures: {error}."])
        left_out, alike = ", ".join(found.left_out), ", ".join(found.alike)
        return Contribution(
            meaning=[self.words.meaning],
            groups=[Group(title=self.words.title, panels=[panel(found, self.words)], width="whole")],
            thinned=[
                *([f"Without an axis, as there is no room: {left_out}."] if left_out else []),
                *([f"Without an axis, as all runs have the same value: {alike}."] if alike else []),
            ],
        )


def _differs(values: Sequence[float | None]) -> bool:
    """Whether not all runs have the same value, or all none."""
    return len({None if value is None or math.isnan(value) else value for value in values}) > 1
