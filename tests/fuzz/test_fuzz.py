"""The first of the cases that `python -m tests.fuzz` goes through: each is read right or refused."""

from __future__ import annotations

from tests.fuzz.driver import run


def test_the_first_cases() -> None:
    tally = run(range(120))
    assert tally.faults == []
    assert tally.cases == 120
    assert {way for way, _ in tally.counts} == {"open_trace", "validate", "analyze", "repair"}
    assert all(
        tally.counts[way, "refused"] and tally.counts[way, "right"] for way in ("open_trace", "validate")
    )
