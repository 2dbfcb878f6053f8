"""How a further value that was recorded, such as familiarity, went over a run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.charts.curve_chart import CurveChart
from sparsey_trace.charts.shared.recorded import recorded
from sparsey_trace.charts.shared.words import RECORDED, SEEN, VALUES, Words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from sparsey_trace.charts.axes.look import Look
    from sparsey_trace.charts.panels.panel import Contribution
    from sparsey_trace.charts.shared.curves import Curve
    from sparsey_trace.charts.shared.run import Run
    from sparsey_trace.charts.shared.views import Views


class LayerValueChart(CurveChart):
    """A line for each layer, and points of evaluations."""

    name = "layer_value"
    table = "layer_value"
    heading = VALUES
    words = Words(
        title="Recorded value",
        x=SEEN,
        y=RECORDED,
        meaning="A further value that was recorded of every MAC, over the samples for which it was active. Familiarity "
        "goes from 0, an input like none before, to 1, an input that the MAC knows: it should rise, and be lower for "
        "new inputs than for old ones.",
        example="Three curves of familiarity that rise at once and then stay level",
    )

    def curves(self, run: Run, *, most: int) -> list[Curve]:
        """Those of layers whose MACs have the value."""
        found = recorded(run)
        name = "" if found is None else found.name
        return [
            replace(curve, of=name)
            for curve in super().curves(run, most=most)
            if not np.isnan(curve.values).all()
        ]

    def draw(self, ax: Axes, found: Sequence[Curve], look: Look) -> None:
        """With the value's name on its axis."""
        from sparsey_trace.charts.axes.curve_lines import draw_curves

        draw_curves(ax, found, look, words=self.words.about(found[0].of), from_zero=self.from_zero)

    def in_report(self, views: Views) -> Contribution:
        """A panel for each layer; nothing of runs without such values."""
        from sparsey_trace.charts.panels.curve_panels import KEY, curve_panels, remarks
        from sparsey_trace.charts.panels.panel import Contribution, Group

        found = self.over(views)
        if not found:
            return Contribution()
        name = found[0][1][0].of
        return Contribution(
            meaning=[self.words.meaning],
            key=KEY,
            groups=[
                Group(
                    title=f"{name[:1].upper()}{name[1:]} over the run",
                    panels=curve_panels(found, self.words.about(name)),
                    is_shared=True,
                )
            ],
            thinned=remarks(found),
        )
