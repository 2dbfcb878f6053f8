"""Calls in lanes: in order within one, beside each other in several, and what becomes of those that fail."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import pytest

from sparsey_trace.replay.engine.lanes import AT_ONCE, Lanes

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 30
"""Seconds, where something is waited for that comes at once unless it never does."""


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


def test_calls_of_a_lane_come_in_order(pool: ThreadPoolExecutor) -> None:
    lanes = Lanes(pool)
    done: dict[str, list[int]] = {"a": [], "b": []}
    for number in range(200):
        for lane, found in done.items():
            lanes.put(lane, partial(found.append, number))
    lanes.join()
    assert done == {"a": [*range(200)], "b": [*range(200)]}


def test_a_lane_that_waits_holds_up_no_other(pool: ThreadPoolExecutor) -> None:
    lanes, other_is_done = Lanes(pool), threading.Event()
    waited: list[bool] = []
    lanes.put("a", lambda: waited.append(other_is_done.wait(PATIENCE)))
    lanes.put("b", other_is_done.set)
    lanes.join()
    assert waited == [True]


def test_few_calls_of_a_lane_wait(pool: ThreadPoolExecutor) -> None:
    lanes, may_go_on, put = Lanes(pool), threading.Event(), list[int]()

    def fill() -> None:
        for number in range(4):
            lanes.put("a", partial(may_go_on.wait, PATIENCE))
            put.append(number)

    filling = threading.Thread(target=fill)
    filling.start()
    filling.join(0.05)
    assert len(put) <= 2
    may_go_on.set()
    filling.join(PATIENCE)
    lanes.join()
    assert len(put) == 4


def test_what_a_call_raises_ends_all_lanes(pool: ThreadPoolExecutor) -> None:
    lanes, done = Lanes(pool), list[str]()
    lanes.put("a", lambda: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        lanes.join()
    with pytest.raises(ZeroDivisionError):
        lanes.put("b", partial(done.append, "later"))
    assert done == []


def test_who_stops_lanes_waits_for_what_is_under_way(pool: ThreadPoolExecutor) -> None:
    lanes, has_begun, may_end, done = Lanes(pool), threading.Event(), threading.Event(), list[str]()

    def slow() -> None:
        has_begun.set()
        may_end.wait(PATIENCE)
        done.append("under way")

    lanes.put("a", slow)
    lanes.put("a", partial(done.append, "waiting"))
    has_begun.wait(PATIENCE)
    threading.Timer(0.02, may_end.set).start()
    lanes.stop()
    assert done == ["under way"]


@pytest.mark.parametrize("has_threads", [True, False])
def test_what_calls_return_is_in_their_order(pool: ThreadPoolExecutor, has_threads: bool) -> None:  # noqa: FBT001
    lanes = Lanes(pool) if has_threads else AT_ONCE
    assert lanes.each([partial(pow, number, 2) for number in range(20)]) == [n * n for n in range(20)]
