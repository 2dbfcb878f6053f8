"""Draws are without bias."""

from __future__ import annotations

import numpy as np


def test_draws_are_without_bias() -> None:
    from sparsey_trace.metrics.folding.draws import draw_samples, priorities

    counts = np.zeros(40)
    for seed in range(2000):
        chosen, until = draw_samples(priorities(np.arange(40), seed), np.arange(40), 10)
        counts[chosen[until == np.iinfo(np.int64).max]] += 1
    # Each of 40 is drawn 500 times of 2,000; the standard deviation is 19.
    assert np.abs(counts - 500).max() < 5 * 19
