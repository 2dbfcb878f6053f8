"""How evenly CMs use their neurons, epoch by epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.charts.curve_chart import CurveChart
from sparsey_trace.charts.shared.curves import Curve
from sparsey_trace.charts.shared.usage import usages
from sparsey_trace.charts.shared.words import SEEN, USAGE, Words
from sparsey_trace.layout import PHASES, TRAIN

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from numpy.typing import NDArray

    from sparsey_trace.charts.panels.panel import Contribution
    from sparsey_trace.charts.shared.run import Run
    from sparsey_trace.charts.shared.usage import Usage
    from sparsey_trace.charts.shared.views import Views


class CodeUsageOverEpochsChart(CurveChart):
    """Perplexity, a point for each epoch."""

    name = "code_usage_over_epochs"
    table = "code_usage"
    needs_steps = False
    heading = USAGE
    from_zero = True
    words = Words(
        title="Perplexity over epochs",
        x=SEEN,
        y="perplexity (neurons, mean over a MAC's CMs)",
        meaning="As if so many of a CM's neurons won equally often, a point at the end of each epoch. The same number "
        "as there are neurons: all are used evenly; 1: one always wins, and the CM tells nothing.",
        example="Three nearly level lines with bands, the highest layer's on top, and marks of evaluation",
    )

    def fits(self, made: Mapping[str, Any]) -> bool:
        """With rows for every epoch."""
        return super().fits(made) and bool(made.get("parameters", {}).get("each_epoch"))

    def curves(self, run: Run, *, most: int) -> list[Curve]:
        """A point for each epoch, however many."""
        return [curve for usage in usages(run) if (curve := _curve(run, usage)) is not None]

    def in_report(self, views: Views) -> Contribution:
        """A panel for each layer."""
        from sparsey_trace.charts.panels.curve_panels import KEY, curve_panels, remarks
        from sparsey_trace.charts.panels.panel import Contribution, Group

        found = self.over(views)
        return Contribution(
            meaning=[self.words.meaning],
            key=list(KEY),
            groups=[Group(title=self.words.title, panels=curve_panels(found, self.words), is_shared=True)],
            missing=self.valueless(views, found),
            thinned=remarks(found),
        )


def _curve(run: Run, usage: Usage) -> Curve | None:
    """The means over each MAC's CMs; None where no MAC was active."""
    values = usage.perplexity.mean(axis=2)
    if np.isnan(values).all():
        return None
    last = _last_samples(run, usage)
    order = np.argsort(last)
    seen = np.cumsum(run.trace.samples.phase[:] == TRAIN)
    sums, weights = np.nansum(values * usage.samples, axis=0), usage.samples.sum(axis=0)
    return Curve(
        layer=usage.layer,
        name=run.layout.layers[usage.layer].name,
        phase=usage.phase,
        seen=seen[last[order]],
        step=run.trace.samples.step[:][last[order]],
        joined=1,
        values=values[order],
        overall=np.divide(sums, weights, out=np.full(len(sums), np.nan), where=weights > 0),
        returns=run.returns,
    )


def _last_samples(run: Run, usage: Usage) -> NDArray[np.int64]:
    """[E], the last sample of each epoch in the phase."""
    epochs = run.trace.samples.epoch[:]
    mine = np.flatnonzero(run.trace.samples.phase[:] == PHASES.index(usage.phase))
    return np.array([mine[epochs[mine] == epoch][-1] for epoch in usage.epoch], np.int64)
