from __future__ import annotations

import numpy as np

from sparsey_trace.charts.shared.points import points_of
from sparsey_trace.charts.shared.run import Steps
from sparsey_trace.layout import EVAL, TRAIN


def steps(phases: list[int], sizes: list[int]) -> Steps:
    size, phase = np.array(sizes), np.array(phases, np.uint8)
    return Steps(
        number=10 + np.arange(len(sizes)),
        phase=phase,
        size=size,
        seen=np.cumsum(np.where(phase == TRAIN, size, 0)),
    )


def test_evaluation_between_two_training_steps_is_one_point() -> None:
    points = points_of(steps([0, 1, 1, 0, 0, 1], [4, 2, 2, 4, 3, 2]), EVAL)
    assert points.of_step.tolist() == [-1, 0, 0, -1, -1, 1]
    assert (points.seen.tolist(), points.step.tolist(), points.joined) == ([4, 11], [12, 15], 2)


def test_steps_that_fit_are_not_joined_and_others_evenly() -> None:
    many = steps([0] * 10, [1] * 10)
    assert points_of(many, TRAIN, most=10).joined == 1
    joined = points_of(many, TRAIN, most=4)
    assert np.bincount(joined.of_step).tolist() == [3, 2, 3, 2]
    assert (joined.seen.tolist(), joined.step[-1], joined.joined) == ([3, 5, 8, 10], 19, 3)
    assert len(points_of(many, EVAL)) == 0
