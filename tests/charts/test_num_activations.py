from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given, settings

from sparsey_trace.charts.num_activations import mac_activity
from tests.charts.looks import ANY_RUNS, looked_at, panels, traces
from tests.charts.on_axes import SHOWN, silent
from tests.faults import times

if TYPE_CHECKING:
    import sparsey_trace as st
    from sparsey_trace import Chunk
    from sparsey_trace.charts.shared.run import Run


@given(chunk=ANY_RUNS)
@settings(deadline=None, max_examples=times(5, 30))
def test_activity_counts_samples_of_both_phases(chunk: Chunk) -> None:
    with looked_at(chunk) as run:
        for found, active in zip(mac_activity(run), chunk.active, strict=True):
            np.testing.assert_allclose(found.share, active.mean(axis=0))
            np.testing.assert_array_equal(found.silent, ~active.any(axis=0))


def test_macs_stand_on_their_grid_and_silent_ones_are_crossed(result: st.Result, run: Run) -> None:
    rows, hexagons = result.plot.num_activations()
    assert [silent(ax) for ax in (rows, hexagons)] == [1, 1]
    for ax, layer, corners in zip((rows, hexagons), mac_activity(run), (4, 6), strict=True):
        alive = ax.collections[-1]
        assert "1 of" in ax.get_title()
        np.testing.assert_array_equal(alive.get_array(), layer.share[1:])
        outlines = [path.vertices[:corners] for path in alive.get_paths()]
        np.testing.assert_allclose(np.mean(outlines, axis=1), layer.grid.positions[1:], atol=1e-12)
        bottom, top = ax.get_ylim()
        assert bottom > top
    assert rows.get_xlabel() == "MACs in rows, as they have no positions"
    assert hexagons.get_title().startswith(SHOWN[1])


def test_its_panels(run: Run) -> None:
    for panel, layer in zip(panels("num_activations", run), mac_activity(run), strict=True):
        (marks,), (crosses,) = traces(panel, "marks"), traces(panel, "crosses")
        np.testing.assert_array_equal(marks["marker"]["color"], layer.share.astype(np.float32))
        np.testing.assert_array_equal(
            np.stack([crosses["x"], crosses["y"]], axis=1),
            layer.grid.positions[layer.silent].astype(np.float32),
        )
        assert len(panel.figure["layout"]["shapes"]) == len(layer.share)
        assert "1 never active" in panel.caption
