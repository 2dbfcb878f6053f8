from __future__ import annotations

import statistics

import numpy as np
import pytest

from sparsey_trace.charts.shared.group_means import group_means, student_t


@pytest.mark.parametrize(
    ("freedom", "quantile"),
    [(1, 12.7062), (4, 2.7764), (10, 2.2281), (11, 2.2010), (30, 2.0423), (1000, 1.9623)],
)
def test_quantiles_are_those_of_the_tables(freedom: int, quantile: float) -> None:
    assert student_t(freedom) == pytest.approx(quantile, rel=1e-3)


def test_a_groups_interval_is_from_its_own_spread() -> None:
    values = np.array([0.5, 0.25, 1.0, 0.75, 0.0])
    found = group_means(np.array([0, 1, 0, 0, 2]), values)
    spread = statistics.stdev([0.5, 1.0, 0.75]) / 3**0.5
    assert found.mean.tolist() == [0.75, 0.25, 0.0]
    assert found.size.tolist() == [3, 1, 1]
    assert found.margin[0] == pytest.approx(student_t(2) * spread)
    assert np.isnan(found.margin[1:]).all()


def test_the_interval_of_a_share_is_drawn_no_farther_than_shares_go() -> None:
    found = group_means(np.array([0, 0, 1, 1, 1, 2]), np.array([0.25, 1.0, 0.5, 0.5625, 0.625, 1.0]))
    below, above = found.whiskers
    assert found.margin[0] > 1
    assert (below[0], above[0]) == (found.mean[0], 1 - found.mean[0])
    assert (below[1], above[1]) == (found.margin[1], found.margin[1])
    assert np.isnan([below[2], above[2]]).all()
