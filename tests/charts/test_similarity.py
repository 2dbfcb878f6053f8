from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as hyp

from sparsey_trace.charts import similarity as module
from sparsey_trace.charts.similarity import BINS, similarities
from sparsey_trace.layout import TRAIN
from tests.charts.looks import RUNS, looked_at, panels, traces
from tests.faults import times

if TYPE_CHECKING:
    import sparsey_trace as st
    from sparsey_trace import Chunk
    from sparsey_trace.charts.shared.run import Run


@given(chunk=RUNS, most=hyp.integers(2, 12))
@settings(deadline=None, max_examples=times(5, 30))
def test_pairs_are_counted_where_a_mac_was_active_for_one_of_them(chunk: Chunk, most: int) -> None:
    train = np.flatnonzero(chunk.phase == TRAIN)
    with looked_at(chunk) as run:
        found = similarities(run, most=most)
    assert bool(found) == (len(train) > 1)
    for one in found:
        assert (one.samples, one.of) == (min(most, len(train)), len(train))
        drawn = train[np.linspace(0, len(train) - 1, one.samples).astype(int)]
        cms = chunk.layout.layers[one.layer].num_cms
        counts, sums = np.zeros((BINS, cms + 1), int), np.zeros(BINS)
        active, codes = chunk.active[one.layer], chunk.codes[one.layer]
        for (first, second), mac in itertools.product(
            itertools.combinations(drawn, 2), range(active.shape[1])
        ):
            if not active[first, mac] and not active[second, mac]:
                continue
            both = active[first, mac] and active[second, mac]
            agree = sum(both and codes[first, mac, cm] == codes[second, mac, cm] for cm in range(cms))
            row = bin_of(jaccard(*(set(np.flatnonzero(chunk.inputs[n])) for n in (first, second))))
            counts[row, agree] += 1
            sums[row] += agree
        np.testing.assert_array_equal(one.counts, counts)
        known = counts.sum(axis=1) > 0
        np.testing.assert_allclose(one.mean[known], sums[known] / counts.sum(axis=1)[known])
        assert np.isnan(one.mean[~known]).all()


def jaccard(first: set[object], second: set[object]) -> float:
    return len(first & second) / max(1, len(first | second))


def bin_of(share: float) -> int:
    return min(int(share * BINS), BINS - 1)


def test_identical_pairs_are_in_the_last_bin() -> None:
    ones = module._jaccard(np.ones((2, 3), bool))
    assert ones.tolist() == [[1, 1], [1, 1]]


def test_pairs_are_counted_and_averaged(result: st.Result, run: Run) -> None:
    for ax, layer in zip(result.plot.similarity(), similarities(run), strict=True):
        (image,) = ax.images
        np.testing.assert_array_equal(image.get_array().filled(0).T, layer.counts)
        (line,) = ax.get_lines()
        np.testing.assert_array_equal(line.get_ydata(), layer.mean)


def test_its_panels(run: Run) -> None:
    for panel, layer in zip(panels("similarity", run), similarities(run), strict=True):
        (heat,), (mean,) = traces(panel, "heat"), traces(panel, "mean")
        np.testing.assert_array_equal(heat["customdata"].T, layer.counts)
        np.testing.assert_array_equal(mean["y"], layer.mean.astype(np.float32))
        assert len(mean["x"]) == BINS
