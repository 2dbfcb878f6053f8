"""Pairs of samples and references, against a loop over all of them."""

from __future__ import annotations

import numpy as np

from sparsey_trace.kernels.input_pairs import InputPairs
from sparsey_trace.support.bitsets import words_of


def test_pairs_are_those_of_a_loop_over_samples_and_references() -> None:
    rng = np.random.default_rng(6)
    on, old_on = rng.random((40, 70)) < 0.3, rng.random((30, 70)) < 0.3
    on[3] = old_on[5] = False
    step, old_step = np.sort(rng.integers(0, 9, 40)), np.sort(rng.integers(0, 9, 30))
    until = old_step + rng.integers(1, 6, 30)
    pairs = InputPairs.of(
        words_of(np.packbits(on, axis=1)), step, words_of(np.packbits(old_on, axis=1)), old_step, until
    )
    weights, unit, norm, mean = pairs.weighed(2.0**32)
    begin, before = 0, []
    for sample, end in enumerate(pairs.ends.tolist()):
        which = pairs.which[begin:end].tolist()
        assert which == [r for r in range(30) if old_step[r] < step[sample] <= until[r]]
        same = pairs.same[sample]
        assert which[:same] == before[:same]
        assert which[: same + 1] != before[: same + 1] or same == len(which)
        shared = (on[sample] & old_on[which]).sum(axis=1)
        joined = (on[sample] | old_on[which]).sum(axis=1)
        np.testing.assert_array_equal(pairs.shared[begin:end], shared)
        np.testing.assert_array_equal(pairs.joined[begin:end], joined)
        alike = shared / np.maximum(joined, 1)
        np.testing.assert_allclose(weights[begin:end] / unit, alike, atol=1e-9)
        np.testing.assert_allclose(norm[sample], np.sqrt((alike**2).sum()), atol=1e-4)
        np.testing.assert_allclose(mean[sample], alike.mean() if len(alike) else 0, atol=1e-9)
        np.testing.assert_array_equal(
            pairs.bins(20)[begin:end], np.minimum(20 * shared // np.maximum(joined, 1), 19)
        )
        begin, before = end, which
