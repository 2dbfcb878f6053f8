"""Groups of features, by which references are told apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.kernels.nearest import MOST, count_groups
from sparsey_trace.metrics import nearest
from sparsey_trace.metrics.nearest import References, feature_groups
from sparsey_trace.support.bitsets import words_of

if TYPE_CHECKING:
    import pytest


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


def test_what_is_on_is_counted_in_groups_and_no_further_than_counts_go() -> None:
    rng = np.random.default_rng(0)
    for features, groups in ((1, 1), (63, 4), (200, 3), (3000, 700)):
        on, group = rng.random((5, features)) < 0.8, rng.integers(0, groups, features)
        group[0] = groups - 1
        found = count_groups(words_of(np.packbits(on, axis=1)), group, groups)
        expected = [[min(row[group == number].sum(), MOST) for number in range(groups)] for row in on]
        np.testing.assert_array_equal(found[:, :groups], expected)
        assert found.shape[1] % 5 == 0
        assert not found[:, groups:].any()


def test_wide_queries_are_remembered_as_far_as_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nearest, "_KNOWN_BYTES", 3 * 8 * 2)
    rng = np.random.default_rng(0)
    packed = np.packbits(rng.random((20, 128)) < 0.5, axis=1)
    references = References.of(
        packed, input_shape=(128,), step=np.zeros(20, np.int64), until=np.full(20, nearest.FOREVER)
    )
    for _ in range(2):
        found, distance = references.nearest(packed, np.ones(20, np.int64), measure="hamming")
        assert (found.tolist(), distance.any()) == (list(range(20)), False)
        assert len(references._known) == 3
