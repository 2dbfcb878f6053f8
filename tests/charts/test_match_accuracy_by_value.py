from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sparsey_trace.charts.match_accuracy_by_value import matches_by_value
from sparsey_trace.charts.shared.matches import sample_matches
from tests.charts.looks import panels, traces

if TYPE_CHECKING:
    from sparsey_trace.charts.shared.run import Run


def test_samples_are_binned_by_the_mean_over_active_macs(run: Run) -> None:
    chunk = run.trace.chunk(0, len(run.trace))
    for layer, found in zip(matches_by_value(run), run.once(sample_matches), strict=True):
        active = chunk.active[layer.layer][found.sample]
        values = chunk.values[layer.layer]["familiarity"][found.sample]
        means = np.where(active, values, 0).sum(axis=1) / np.maximum(active.sum(axis=1), 1)
        known = active.any(axis=1)
        assert layer.means.size.sum() == known.sum()
        for low, high, mean in zip(layer.low, layer.high, layer.means.mean, strict=True):
            mine = known & (means >= low - 1e-6) & (means <= high + 1e-6)
            assert mean == pytest.approx(found.value[mine].mean())


def test_its_panels(run: Run) -> None:
    for panel, layer in zip(panels("match_accuracy_by_value", run), matches_by_value(run), strict=True):
        (line,) = traces(panel, "line")
        np.testing.assert_array_equal(line["y"], layer.means.mean.astype(np.float32))
        assert panel.figure["layout"]["xaxis"]["title"]["text"] == "familiarity"
