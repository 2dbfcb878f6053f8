"""Whether similar inputs get similar codes, over a run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sparsey_trace.charts.curve_chart import CurveChart
from sparsey_trace.charts.shared.words import SEEN, SIMILARITY, Words

if TYPE_CHECKING:
    from sparsey_trace.charts.panels.panel import Contribution
    from sparsey_trace.charts.shared.views import Views


BY_CHANCE = (
    "chance",
    "the same by chance: with codes given out at random, for the last evaluation, or else the end of training",
)


class SiscAdherenceChart(CurveChart):
    """SISC adherence over a run, in training and in evaluation."""

    name = "sisc_adherence"
    table = "sisc_adherence"
    heading = SIMILARITY
    unless = "no sample comes behind the first training step, so that there is nothing to compare with"
    words = Words(
        title="SISC adherence",
        x=SEEN,
        y="SISC adherence (cosine)",
        meaning="Whether similar inputs get similar codes: the cosine between the similarities of a sample's input "
        "to earlier training inputs and those of its code to their codes. 1 means that the two go together. Of codes "
        "that are all alike it is high, too; so is chance then, what it would be with the earlier codes given out at "
        "random among the earlier inputs. The first training step, which has nothing before it, has no point.",
        example="Three level curves, highest for the top layer, and closely below each a dotted line of chance",
    )

    def in_report(self, views: Views) -> Contribution:
        """A panel for each layer, in the layer's group."""
        from sparsey_trace.charts.panels.curve_panels import KEY, curve_panels, remarks
        from sparsey_trace.charts.panels.panel import Contribution, Group, width_of

        found = self.over(views)
        return Contribution(
            meaning=[self.words.meaning],
            key=[*KEY, BY_CHANCE],
            groups=[
                Group(
                    title=panel.title, panels=[replace(panel, title=self.words.title)], width=width_of(views)
                )
                for panel in curve_panels(found, self.words)
            ],
            missing=[*views.lacking(self.table, "SISC adherence"), *self.valueless(views, found)],
            thinned=remarks(found),
        )
