from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.charts.catalogue import CHARTS
from sparsey_trace.charts.shared.recorded import recorded
from tests.charts.looks import panels, traces

if TYPE_CHECKING:
    import pytest

    import sparsey_trace as st
    from sparsey_trace.charts.shared.run import Run


def test_points_are_means_over_the_samples_for_which_macs_were_active(run: Run) -> None:
    chunk = run.trace.chunk(0, len(run.trace))
    for curve in CHARTS["layer_value"].data(run):
        values = np.where(chunk.active[curve.layer], chunk.values[curve.layer]["familiarity"], np.nan)
        assert curve.of == "familiarity"
        mine = chunk.phase == (curve.phase == "eval")
        known = curve.values[:, 1:]
        for step, point in zip(np.unique(chunk.step[mine]), known, strict=True):
            np.testing.assert_allclose(
                point, np.nanmean(values[chunk.step == step][:, 1:], axis=0), atol=1e-6
            )
        np.testing.assert_allclose(curve.overall[1:], np.nanmean(values[mine][:, 1:], axis=0), atol=1e-6)
        assert np.isnan(curve.values[:, 0]).all()  # never active


def test_its_panels_have_the_values_name(run: Run) -> None:
    for panel in panels("layer_value", run, run):
        assert panel.figure["layout"]["yaxis"]["title"]["text"] == "familiarity"
        assert len(traces(panel, "line")) == 2


def test_without_values_there_is_nothing_to_draw(
    result: st.Result, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert recorded(run).name == "familiarity"
    monkeypatch.setattr(run.trace, "value_names", [(), ()])
    monkeypatch.delitem(result.paths, "layer_value")
    assert recorded(run) is None
    assert panels("layer_value", run) == []
