from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given, settings

from sparsey_trace.charts import basis_set
from sparsey_trace.charts.basis_set import code_counts
from tests import definitions
from tests.charts.looks import ANY_RUNS, looked_at, panels, traces
from tests.charts.on_axes import SHOWN, labels, lines
from tests.faults import times

if TYPE_CHECKING:
    import pytest

    import sparsey_trace as st
    from sparsey_trace import Chunk
    from sparsey_trace.charts.shared.run import Run


@given(chunk=ANY_RUNS)
@settings(deadline=None, max_examples=times(5, 30))
def test_counts_are_means_over_the_macs_that_have_codes(chunk: Chunk) -> None:
    with looked_at(chunk, "basis_set") as run:
        found = {layer.layer: layer for layer in code_counts(run)} if "basis_set" in run.tables else {}
        for number, layer in enumerate(chunk.layout.layers):
            sets = [definitions.basis_set(chunk, number, mac) for mac in range(layer.num_macs)]
            counts = [[row["count"] for row in rows] for rows in sets if rows]
            assert (number in found) == bool(counts)
            if counts:
                most = max(map(len, counts))
                filled = np.array([mine + [0] * (most - len(mine)) for mine in counts])
                assert found[number].rank.tolist() == list(range(1, most + 1))
                np.testing.assert_allclose(found[number].mean, filled.mean(axis=0))
                np.testing.assert_allclose(found[number].high, np.quantile(filled, 0.9, axis=0))


def test_of_many_codes_some_ranks_are_shown(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    every = code_counts(run)[0]
    monkeypatch.setattr(basis_set, "MOST_POINTS", 4)
    some = code_counts(run)[0]
    assert (some.rank[0], some.rank[-1], len(some.rank)) == (1, every.rank[-1], 4)
    np.testing.assert_array_equal(some.mean, every.mean[np.isin(every.rank, some.rank)])


def test_both_libraries_draw_the_same(result: st.Result, run: Run) -> None:
    ax = result.plot.basis_set()
    assert (ax.get_xscale(), ax.get_yscale(), labels(ax)) == ("log", "log", SHOWN)
    for line, panel, layer in zip(lines(ax), panels("basis_set", run), code_counts(run), strict=True):
        np.testing.assert_array_equal(line.get_xydata(), np.stack([layer.rank, layer.mean], axis=1))
        (drawn,), (band,) = traces(panel, "line"), traces(panel, "band")
        np.testing.assert_array_equal(drawn["x"], layer.rank)
        # Below half a sample neither has anything to show: a band can't go to 0 there, and a mean alone would leave it.
        shown = np.where(layer.mean < basis_set.LEAST, np.nan, layer.mean)
        np.testing.assert_array_equal(drawn["y"], shown.astype(np.float32))
        assert band["y"].min() >= 0.5
        assert panel.figure["layout"]["xaxis"]["type"] == panel.figure["layout"]["yaxis"]["type"] == "log"
