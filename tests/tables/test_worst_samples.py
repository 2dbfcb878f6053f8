from __future__ import annotations

import numpy as np

from sparsey_trace.tables.worst_samples import worst_samples

SAMPLE = np.array([3, 1, 2, 5, 3, 1, 2, 5])
VALUE = np.array([0.4, 0.5, 0.9, np.nan, 0.6, np.nan, 0.7, np.nan], np.float32)
"""Two layers; sample 1 has a value in one of them, and sample 5 in none."""


def test_means_over_layers_worst_first_and_equal_ones_as_recorded() -> None:
    sample, value = worst_samples(SAMPLE, VALUE, best="highest", n=9)
    assert sample.tolist() == [1, 3, 2]
    np.testing.assert_allclose(value, [0.5, 0.5, 0.8], rtol=1e-6)
    assert worst_samples(SAMPLE, VALUE, best="lowest", n=2)[0].tolist() == [2, 1]


def test_none_where_no_sample_has_a_value() -> None:
    sample, value = worst_samples(SAMPLE[:0], VALUE[:0], best="highest", n=9)
    assert len(sample) == len(value) == 0
