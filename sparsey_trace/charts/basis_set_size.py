"""How many different codes MACs have shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparsey_trace.charts.curve_chart import CurveChart
from sparsey_trace.charts.shared.words import GROWTH, SEEN, Words

if TYPE_CHECKING:
    from sparsey_trace.charts.panels.panel import Contribution
    from sparsey_trace.charts.shared.curves import Curve
    from sparsey_trace.charts.shared.run import Run
    from sparsey_trace.charts.shared.views import Views


class BasisSetSizeChart(CurveChart):
    """Basis set sizes over a run; they grow in training only."""

    name = "basis_set_size"
    table = "basis_set_size"
    heading = GROWTH
    from_zero = True
    words = Words(
        title="Basis set size",
        x=SEEN,
        y="basis set size (codes)",
        meaning="How many different codes a MAC has shown in training. A curve that flattens means that old codes "
        "come back for new inputs; one that keeps rising means that nearly every input gets a code of its own.",
        example="Three rising curves, one for each layer, that flatten",
    )

    def curves(self, run: Run, *, most: int) -> list[Curve]:
        """Those of training."""
        return [curve for curve in super().curves(run, most=most) if curve.phase == "train"]

    def in_report(self, views: Views) -> Contribution:
        """A panel for each layer, and how sizes are spread over MACs at the end."""
        from sparsey_trace.charts.panels.curve_panels import BAND, MEAN, curve_panels, remarks, spread_groups
        from sparsey_trace.charts.panels.panel import Contribution, Group

        found = self.over(views)
        return Contribution(
            meaning=[self.words.meaning],
            key=[MEAN, BAND],
            groups=[
                Group(title=self.words.title, panels=curve_panels(found, self.words), is_shared=True),
                *spread_groups(found, views.layers, self.words, title="Basis set sizes at the end"),
            ],
            missing=views.lacking(self.table, "basis set sizes"),
            thinned=remarks(found),
        )
