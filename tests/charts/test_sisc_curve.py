from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given, settings

from sparsey_trace.charts.catalogue import CHARTS
from sparsey_trace.charts.shared.views import View, Views
from sparsey_trace.charts.sisc_curve import similarity_curves
from sparsey_trace.layout import PHASES
from tests.charts.looks import RUNS, looked_at, panels, traces
from tests.faults import times

if TYPE_CHECKING:
    import sparsey_trace as st
    from sparsey_trace import Chunk
    from sparsey_trace.charts.shared.run import Run


@given(chunk=RUNS)
@settings(deadline=None, max_examples=times(5, 30))
def test_a_curve_is_of_all_pairs_of_a_layer(chunk: Chunk) -> None:
    with looked_at(chunk, "sisc_curve") as run:
        found = similarity_curves(run)
        shown = {phase: pairs(chunk, phase) for phase in range(len(PHASES))}
        phase = next((phase for phase in shown if any(map(len, shown[phase]))), None)
        assert len(found) == (len(chunk.layout.layers) if phase is not None else 0)
        if phase is None:
            (said,) = CHARTS["sisc_curve"].in_report(Views([View(series=0, run=run, layers={})])).missing
            assert said == "No curves of similarity of run: no two samples to compare."
        for curve, alike in zip(found, shown.get(phase, ()), strict=False):
            assert (curve.phase, curve.pairs.sum()) == (PHASES[phase], len(alike))
            if len(alike):
                weight = curve.pairs / curve.pairs.sum()
                mean = np.nansum(weight * curve.mean)
                np.testing.assert_allclose(mean, np.mean(alike), atol=1e-6)
                squares = np.nansum(weight * (curve.std**2 + curve.mean**2))
                np.testing.assert_allclose(squares - mean**2, np.var(alike), atol=1e-6)


def pairs(chunk: Chunk, phase: int) -> list[list[float]]:
    """For each layer, over its MACs, the shares of winners that agree."""
    found = []
    for codes, active in zip(chunk.codes, chunk.active, strict=True):
        found.append(
            [
                float((codes[n, mac] == codes[r, mac]).mean())
                for n in np.flatnonzero(chunk.phase == phase)
                for r in np.flatnonzero(chunk.is_train & (chunk.step < chunk.step[n]))
                for mac in np.flatnonzero(active[n] & active[r])
            ]
        )
    return found


def test_both_libraries_draw_the_curve(result: st.Result, run: Run) -> None:
    drawn = panels("sisc_curve", run)
    for ax, panel, curve in zip(result.plot.sisc_curve(), drawn, similarity_curves(run), strict=True):
        np.testing.assert_array_equal(ax.get_lines()[0].get_ydata(), curve.mean)
        assert f"{curve.pairs.sum():,} pairs" in ax.get_title()
        (line,), (band,) = traces(panel, "line"), traces(panel, "band")
        np.testing.assert_array_equal(line["y"], curve.mean.astype(np.float32))
        np.testing.assert_array_equal(line["customdata"][:, 1], curve.pairs)
        assert (np.nanmin(band["y"]) >= 0, np.nanmax(band["y"]) <= 1) == (True, True)
        # A bin without pairs cuts the band as it does the line.
        known = np.flatnonzero(curve.pairs)
        assert np.isnan(band["y"]).sum() == (np.diff(known) > 1).sum()
