"""The first of the cases that `python -m tests.fuzz` goes through: each is read right or refused."""

from __future__ import annotations

from tests.faults import times
from tests.fuzz.driver import run


def test_the_first_cases() -> None:
    wanted = times(8, 120)
    tally = run(range(wanted))
    assert tally.faults == []
    assert tally.cases == wanted
    assert {way for way, _ in tally.counts} == {"open_trace", "validate", "analyze", "repair"}
    assert all(
        tally.counts[way, "refused"] and tally.counts[way, "right"] for way in ("open_trace", "validate")
    )
