from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given, settings

from sparsey_trace.charts.code_usage import usage_maps
from tests.charts.looks import RUNS, looked_at, panels, traces
from tests.charts.on_axes import silent
from tests.faults import times

if TYPE_CHECKING:
    import sparsey_trace as st
    from sparsey_trace import Chunk
    from sparsey_trace.charts.shared.run import Run


@given(chunk=RUNS)
@settings(deadline=None, max_examples=times(5, 30))
def test_the_map_is_of_the_last_epoch_of_training(chunk: Chunk) -> None:
    with looked_at(chunk, "code_usage") as run:
        mine = chunk.is_train & np.isin(chunk.epoch, chunk.epoch[chunk.is_train][-1:])
        for found, codes, active in zip(usage_maps(run), chunk.codes, chunk.active, strict=bool(mine.any())):
            np.testing.assert_array_equal(found.silent, ~active[mine].any(axis=0))
            for mac, of_mac in enumerate(found.used):
                won = codes[mine, mac][active[mine, mac]]
                assert of_mac.tolist() == [len(set(of_cm)) for of_cm in won.T.tolist()] or not len(won)


def test_squares_stand_inside_their_macs_cells(result: st.Result, run: Run) -> None:
    for ax, layer in zip(result.plot.code_usage(), usage_maps(run), strict=True):
        assert silent(ax) == 1
        assert "neurons never won; 1 of" in ax.get_title().replace("\n", " ")
        colours, white = ax.collections[-2:]
        np.testing.assert_array_equal(colours.get_array(), layer.perplexity[1:].ravel())
        corners = np.stack([path.vertices[:4] for path in colours.get_paths()]).reshape(-1, 3, 4, 2)
        apart = np.abs(corners - layer.grid.positions[1:, None, None])
        assert apart.max() < layer.grid.spacing / 2
        assert len(white.get_paths()) == layer.used[1:].size


def test_its_panels(run: Run) -> None:
    for panel, layer in zip(panels("code_usage", run), usage_maps(run), strict=True):
        (marks,), (crosses,) = traces(panel, "marks"), traces(panel, "crosses")
        np.testing.assert_array_equal(marks["customdata"][:, 2], layer.used[1:].ravel())
        assert len(crosses["x"]) == 1
        shapes = panel.figure["layout"]["shapes"]
        drawn = sum(shape["path"].count("Z") for shape in shapes if shape["fillcolor"] != "#ffffff")
        assert drawn == layer.used[1:].size
        assert " MACs never active." in panel.caption
