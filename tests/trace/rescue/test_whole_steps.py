"""Steps of which a sample is lost are lost, and no others."""

from __future__ import annotations

import numpy as np

from sparsey_trace.trace.rescue.whole_steps import MOST_GUESSED, WholeSteps


def steps_of(assembled: list[dict[str, np.ndarray]]) -> list[list[int]]:
    return [part["samples/step"].tolist() for part in assembled]


def test_steps_across_pieces_and_holes() -> None:
    whole, found = WholeSteps(), []

    def take(steps: list[int], good: list[bool]) -> None:
        found.extend(whole.add({"samples/step": np.array(steps)}, np.array(good)))

    take([0, 0, 1], [True] * 3)
    take([1, 2], [True] * 2)
    assert steps_of(found) == [[0, 0], [1, 1]]
    whole.lose(2, np.array([3, 4]))  # step 2 is whole, and so is 5
    take([4, 5], [True] * 2)
    take([6, 7, 8, 9], [True, False, True, True])  # 6 may go on in the hole, 8 may have begun in it
    take([10], [True])
    assert whole.lost == {3, 4, 6, 7, 8}
    whole.lose(3)
    take([11, 12], [True] * 2)
    assert steps_of(found) == [[0, 0], [1, 1], [2], [5], [9]]
    assert steps_of(list(whole.finish(is_complete=True))) == [[12]]
    assert list(whole.finish(is_complete=False)) == []


def test_a_hole_that_a_few_bytes_claim_names_no_more_steps_than_fit_in_memory() -> None:
    whole, one = WholeSteps(), np.array([True])
    for step in (5, 1 << 40, 1 << 41):
        whole.lose(1 << 62)
        assert list(whole.add({"samples/step": np.array([step])}, one)) == []
    assert whole.lost == {*range(5), *range(6, MOST_GUESSED + 1)} | {5, 1 << 40}
