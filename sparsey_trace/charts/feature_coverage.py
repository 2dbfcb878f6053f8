"""How much of the input gets to MACs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparsey_trace.charts.curve_chart import CurveChart
from sparsey_trace.charts.shared.words import SEEN, Heading, Words

if TYPE_CHECKING:
    from sparsey_trace.charts.panels.panel import Contribution
    from sparsey_trace.charts.shared.views import Views


class FeatureCoverageChart(CurveChart):
    """Feature coverage over a run, in training and in evaluation."""

    name = "feature_coverage"
    table = "feature_coverage"
    words = Words(
        title="Feature coverage",
        x=SEEN,
        y="feature coverage (share of on features)",
        meaning="How much of the input gets to a MAC through active MACs. What doesn't get there can't be learnt.",
        example="Three level curves, highest for the top layer",
    )
    heading = Heading("coverage", words.title)

    def in_report(self, views: Views) -> Contribution:
        """A panel for each layer over the run, and one of the spread over MACs."""
        from sparsey_trace.charts.panels.curve_panels import KEY, curve_panels, remarks, spread_groups
        from sparsey_trace.charts.panels.panel import Contribution, Group

        found = self.over(views)
        trained = [(view, [curve for curve in made if curve.phase == "train"]) for view, made in found]
        overall = [(view, made) for view, made in trained if made] or found
        return Contribution(
            meaning=[self.words.meaning],
            key=KEY,
            groups=[
                Group(title="Over the run", panels=curve_panels(found, self.words), is_shared=True),
                *spread_groups(overall, views.layers, self.words),
            ],
            missing=views.lacking(self.table, "feature coverage"),
            thinned=remarks(found),
        )
