"""Engines by their names, and how many jobs they get."""

from __future__ import annotations

import os

import pytest

from sparsey_trace.errors import UsageError
from sparsey_trace.replay.engine.engines import (
    ENGINES,
    ProcessesEngine,
    SerialEngine,
    ThreadsEngine,
    jobs,
    make_engine,
)


@pytest.mark.parametrize(
    ("name", "workers", "expected"),
    [
        ("auto", 1, SerialEngine),
        ("auto", 2, ThreadsEngine),
        ("serial", 2, SerialEngine),
        ("threads", 1, ThreadsEngine),
        ("processes", 1, ProcessesEngine),
    ],
)
def test_threads_are_the_default_where_there_is_more_than_one_job(
    name: str, workers: int, expected: type
) -> None:
    assert name in ENGINES
    engine = make_engine(name, workers)
    engine.close()
    assert type(engine) is expected


def test_an_unknown_engine_is_named() -> None:
    with pytest.raises(UsageError, match=r"found 'thread' \(did you mean threads\?\)$"):
        make_engine("thread", 1)


def test_jobs() -> None:
    assert jobs(3) == 3
    assert 1 <= jobs(-1) <= (os.cpu_count() or 1)
    for wrong in (0, -2):
        with pytest.raises(UsageError, match=rf"^n_jobs: expected -1 .* or at least 1, found {wrong}$"):
            jobs(wrong)
