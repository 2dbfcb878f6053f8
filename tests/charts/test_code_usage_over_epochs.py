from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given, settings

from sparsey_trace.charts.catalogue import CHARTS
from tests.charts.looks import RUNS, looked_at
from tests.faults import times

if TYPE_CHECKING:
    from sparsey_trace import Chunk


@given(chunk=RUNS)
@settings(deadline=None, max_examples=times(5, 30))
def test_a_point_is_an_epochs_mean_over_the_cms_of_a_mac(chunk: Chunk) -> None:
    with looked_at(chunk, "code_usage") as run:
        if "code_usage" not in run.tables:
            return
        rows = run.tables["code_usage"].to_pandas()
        means = rows.groupby(["phase", "layer", "epoch", "mac"], observed=True)["perplexity"].mean()
        for curve in CHARTS["code_usage_over_epochs"].data(run):
            expected = means[curve.phase][curve.layer].unstack("mac").to_numpy()
            found = curve.values[np.lexsort(curve.values.T)]
            np.testing.assert_allclose(found, expected[np.lexsort(expected.T)], rtol=1e-6)
            assert (np.diff(curve.seen) >= 0).all()
            assert curve.seen[-1] <= chunk.is_train.sum()
