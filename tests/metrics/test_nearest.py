"""Groups of features, by which references are told apart."""

from __future__ import annotations

import numpy as np

from sparsey_trace.kernels.nearest import MOST
from sparsey_trace.metrics.nearest import feature_groups


def test_groups_of_features_are_neighbours() -> None:
    group = feature_groups((28, 28)).reshape(28, 28)
    assert len(np.unique(group)) == 25
    for number in range(25):
        rows, columns = np.nonzero(group == number)
        assert np.ptp(rows) <= 5
        assert np.ptp(columns) <= 5
    assert len(np.unique(feature_groups((1, 784, 1)))) == 25
    assert feature_groups((2,)).tolist() == [0, 1]
    assert np.bincount(feature_groups((56, 56))).max() <= MOST
