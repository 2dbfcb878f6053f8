from __future__ import annotations

import numpy as np
import pytest

from sparsey_trace.demo.schedule import Schedule, ScheduledStep
from sparsey_trace.errors import UsageError


def make(**changes) -> Schedule:
    numbers = {"samples": 60, "epochs": 2, "batch_size": 8, "seed": 0} | changes
    return Schedule(100, **numbers)


def shown(steps: list[ScheduledStep], *, training: bool, epoch: int) -> list[int]:
    return [
        int(i) for step in steps if (step.training, step.epoch) == (training, epoch) for i in step.samples
    ]


def test_each_epoch_trains_on_nine_tenths_in_a_new_order_and_then_evaluates() -> None:
    steps = list(make())
    first, second = (shown(steps, training=True, epoch=epoch) for epoch in (0, 1))
    assert len(set(first)) == len(first) == 54
    assert sorted(first) == sorted(second)
    assert first != second
    assert [(step.epoch, step.training) for step in steps] == sorted(
        ((step.epoch, step.training) for step in steps), key=lambda place: (place[0], not place[1])
    )


def test_evaluation_shows_as_many_new_inputs_as_trained_ones_the_same_each_time() -> None:
    steps = list(make())
    trained = set(shown(steps, training=True, epoch=0))
    first, second = (shown(steps, training=False, epoch=epoch) for epoch in (0, 1))
    assert first == second
    assert len(set(first)) == len(first) == 12
    assert len(trained & set(first)) == 6


def test_batches_are_full_but_for_the_last_of_a_part() -> None:
    steps = list(make(epochs=1))
    assert [len(step.samples) for step in steps] == [8, 8, 8, 8, 8, 8, 6, 8, 4]
    assert len(make(epochs=1)) == 9
    assert len(make(epochs=3)) == 27


def test_a_schedule_repeats_and_its_seed_decides() -> None:
    def order(schedule: Schedule) -> list[int]:
        return np.concatenate([step.samples for step in schedule]).tolist()

    schedule = make()
    assert order(schedule) == order(schedule) == order(make())
    assert order(make(seed=1)) != order(schedule)


def test_all_inputs_are_used_unless_told_otherwise() -> None:
    schedule = make(samples=None)
    assert set(schedule.trained) | set(schedule.evaluated) == set(range(100))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"samples": 1}, "samples: expected 2 to 100, found 1"),
        ({"samples": 101}, "samples: expected 2 to 100, found 101"),
        ({"epochs": 0}, "epochs: expected at least 1, found 0"),
        ({"batch_size": 0}, "batch_size: expected at least 1, found 0"),
        ({"seed": -1}, "seed: expected at least 0, found -1"),
    ],
)
def test_numbers_out_of_range_are_refused(changes, message) -> None:
    with pytest.raises(UsageError) as caught:
        make(**changes)
    assert str(caught.value) == message
