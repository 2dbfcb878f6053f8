"""How many jobs are worth starting."""

from __future__ import annotations

from sparsey_trace.cli.options.jobs import SMALL_TRACE, num_jobs


def test_small_traces_are_not_worth_more_processes() -> None:
    assert num_jobs(None, range(SMALL_TRACE - 1)) == 1
    assert num_jobs(None, range(SMALL_TRACE)) == -1
