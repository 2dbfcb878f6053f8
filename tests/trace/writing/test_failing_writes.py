"""A writer whose disk fails at any write: one TraceError, what was committed is there, and nothing else is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sparsey_trace.errors import TraceError
from sparsey_trace.trace.format import schema
from sparsey_trace.trace.writing.writer import TraceWriter
from tests.failing_writes import Case, Outcome, other_cases, sweep, write_cases
from tests.trace.feed import LAYOUT, check_file, sent, step

if TYPE_CHECKING:
    from pathlib import Path

STEPS, MOST = 3, 40


def write(path: Path, *, durable: bool = False) -> dict[str, Any]:
    """Write a short run in chunks of 64 samples, and say what was promised and which errors there were."""
    schema._CHUNK_BYTES = 1
    writer, errors = None, []
    try:
        with TraceWriter(path, LAYOUT, durable=durable) as writer:
            for number in range(STEPS):
                writer.append(**step(0, number, most=MOST))
                writer.commit()
    except TraceError as error:
        errors.append(str(error))
    return {"errors": errors, "promised": 0 if writer is None else writer.num_committed}


def write_durable(path: Path) -> dict[str, Any]:
    return write(path, durable=True)


def check(outcome: Outcome) -> None:
    outcome.check_ended()
    expected = sent(0, STEPS, most=MOST)
    promised = outcome.said["promised"]
    outcome.check_told(outcome.said["errors"])
    for told in outcome.said["errors"]:
        assert told.startswith(f"{outcome.path}: expected to ")
    assert outcome.said["errors"] or promised == len(expected["step"])
    if outcome.path.exists():
        check_file(outcome.path, expected, at_least=promised)
        assert outcome.left == ["run.h5"]
    else:
        assert (outcome.left, promised) == ([], 0)


@pytest.mark.parametrize(
    ("task", "cases"),
    [("write", write_cases()), ("write_durable", other_cases())],
    ids=["writes", "other calls"],
)
def test_a_disk_that_fails_at_any_call(tmp_path: Path, task: str, cases: list[Case]) -> None:
    outcomes = sweep(f"{__name__}:{task}", cases, tmp_path)
    assert [wrong for outcome in outcomes if (wrong := outcome.what_is_wrong(check))] == []
