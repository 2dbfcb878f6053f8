"""How fast new codes still appear."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparsey_trace.charts.curve_chart import MOST_PANEL_POINTS, CurveChart
from sparsey_trace.charts.shared.curves import increase
from sparsey_trace.charts.shared.words import GROWTH, SEEN, Words

if TYPE_CHECKING:
    from sparsey_trace.charts.panels.panel import Contribution
    from sparsey_trace.charts.shared.curves import Curve
    from sparsey_trace.charts.shared.run import Run
    from sparsey_trace.charts.shared.views import Views


class BasisSetSizeIncreaseChart(CurveChart):
    """New codes for each 100 training samples, from the table of basis set sizes."""

    name = "basis_set_size_increase"
    table = "basis_set_size"
    heading = GROWTH
    from_zero = True
    words = Words(
        title="New codes",
        x=SEEN,
        y="new codes (per 100 samples)",
        meaning="How fast new codes still appear. Near 100 every sample brings a code that the MAC never showed.",
        example="Three curves that fall fast and then slowly",
    )

    def curves(self, run: Run, *, most: int) -> list[Curve]:
        """Those of training."""
        return [increase(curve) for curve in super().curves(run, most=most) if curve.phase == "train"]

    def in_report(self, views: Views) -> Contribution:
        """A panel for each layer."""
        from sparsey_trace.charts.panels.curve_panels import BAND, MEAN, curve_panels, remarks
        from sparsey_trace.charts.panels.panel import Contribution, Group

        # Few points: over few samples an increase is a small whole number, and jumps.
        found = self.over(views, most=MOST_PANEL_POINTS // 4)
        return Contribution(
            meaning=[self.words.meaning],
            key=[MEAN, BAND],
            groups=[Group(title=self.words.title, panels=curve_panels(found, self.words), is_shared=True)],
            missing=views.lacking(self.table, "basis set sizes"),
            thinned=[f"In charts of new codes: {said}" for said in remarks(found)],
        )
