from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.charts.layer_value_distribution import value_distributions
from tests.charts.looks import panels, traces

if TYPE_CHECKING:
    from sparsey_trace.charts.shared.run import Run


def test_values_of_active_macs_are_counted(run: Run) -> None:
    chunk = run.trace.chunk(0, len(run.trace))
    for layer in value_distributions(run):
        for number, phase in enumerate(("train", "eval")):
            is_counted = (chunk.phase == number)[:, None] & chunk.active[layer.layer]
            values = chunk.values[layer.layer]["familiarity"][is_counted]
            assert layer.counts[phase].tolist() == np.histogram(values, layer.edges)[0].tolist()
        assert layer.edges[[0, -1]].tolist() == [0, 1]


def test_its_panels(run: Run) -> None:
    for panel, layer in zip(panels("layer_value_distribution", run), value_distributions(run), strict=True):
        train, _ = traces(panel, "line")
        assert train["customdata"][1:-1].tolist() == layer.counts["train"].tolist()
        assert train["text"][1] == "0 to 0.025"
