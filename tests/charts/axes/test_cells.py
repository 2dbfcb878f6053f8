from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sparsey_trace.charts.axes.cells import cells_of
from sparsey_trace.charts.num_activations import mac_activity

if TYPE_CHECKING:
    from sparsey_trace.charts.shared.run import Run


@pytest.mark.parametrize("layer", [0, 1])
def test_neighbours_touch_and_do_not_overlap(run: Run, layer: int) -> None:
    grid = mac_activity(run)[layer].grid
    cells = cells_of(grid)
    reach = np.ptp(cells[0][:, 0])
    assert reach == pytest.approx(grid.spacing)
    assert cells[1][:, 0].min() == pytest.approx(cells[0][:, 0].max())
