"""Whether similar inputs get similar codes, over a run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sparsey_trace.charts.curve_chart import CurveChart
from sparsey_trace.charts.shared.words import SEEN, SIMILARITY, Words

if TYPE_CHECKING:
    from sparsey_trace.charts.panels.panel import Contribution
    from sparsey_trace.charts.shared.views import Views


class SiscAdherenceChart(CurveChart):
    """SISC adherence over a run, in training and in evaluation."""

    name = "sisc_adherence"
    table = "sisc_adherence"
    heading = SIMILARITY
    words = Words(
        title="SISC adherence",
        x=SEEN,
        y="SISC adherence (cosine)",
        meaning="Whether similar inputs get similar codes: the cosine between the similarities of a sample's input "
        "to earlier training inputs and those of its code to their codes. 1 means that the two go together.",
        example="Three level curves, highest for the top layer",
    )

    def in_report(self, views: Views) -> Contribution:
        """A panel for each layer, in the layer's group."""
        from sparsey_trace.charts.panels.curve_panels import KEY, curve_panels, remarks
        from sparsey_trace.charts.panels.panel import Contribution, Group, width_of

        found = self.over(views)
        return Contribution(
            meaning=[self.words.meaning],
            key=KEY,
            groups=[
                Group(
                    title=panel.title, panels=[replace(panel, title=self.words.title)], width=width_of(views)
                )
                for panel in curve_panels(found, self.words)
            ],
            missing=[*views.lacking(self.table, "SISC adherence"), *self.valueless(views, found)],
            thinned=remarks(found),
        )
