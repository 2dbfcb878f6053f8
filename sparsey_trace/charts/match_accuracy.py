"""How far codes agree with those for the nearest training input, evaluation by evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparsey_trace.charts.curve_chart import CurveChart
from sparsey_trace.charts.shared.words import MATCH, SEEN, Words

if TYPE_CHECKING:
    from sparsey_trace.charts.panels.panel import Contribution
    from sparsey_trace.charts.shared.views import Views


class MatchAccuracyChart(CurveChart):
    """Match accuracy over a run."""

    name = "match_accuracy"
    table = "match_accuracy"
    heading = MATCH
    words = Words(
        title="Match accuracy",
        x=SEEN,
        y="match accuracy (similarity of codes)",
        meaning="For each evaluation sample, how far a MAC's code agrees with that for the nearest training input. "
        "1 means that an old input's code comes back. Most cells of any two codes are silent and so agree: chance, "
        "which stands for a training input drawn at random, is what to compare with.",
        example="For three layers, points of two evaluations with bars, and below each a dotted line of chance",
    )

    def in_report(self, views: Views) -> Contribution:
        """A panel for each layer over the run, and one of the spread over MACs."""
        from sparsey_trace.charts.panels.curve_panels import (
            BAND,
            CHANCE,
            curve_panels,
            remarks,
            spread_groups,
        )
        from sparsey_trace.charts.panels.panel import Contribution, Group

        found = self.over(views)
        return Contribution(
            meaning=[self.words.meaning],
            key=[("eval", "mean over the MACs of a layer"), BAND, CHANCE],
            groups=[
                Group(title="Over the run", panels=curve_panels(found, self.words), is_shared=True),
                *spread_groups(found, views.layers, self.words),
            ],
            missing=[*views.lacking(self.table, "match accuracy"), *self.valueless(views, found)],
            thinned=remarks(found),
        )
