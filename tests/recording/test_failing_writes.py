"""A recording whose disk fails at any write: training goes on, one warning, what was committed is there."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING, Any

import pytest
import torch

from sparsey_trace.errors import RecordWarning, TraceError
from sparsey_trace.recording import record
from sparsey_trace.trace.format import schema
from tests.failing_writes import Case, Outcome, other_cases, sweep, write_cases
from tests.recording.doomed import LAYERS, VALUES, Told, announce, arguments
from tests.recording.test_kill import check_trace
from tests.trace.feed import step

if TYPE_CHECKING:
    from pathlib import Path

STEPS = 20


def train(path: Path, *, durable: bool = False) -> dict[str, Any]:
    """Record a short training in chunks of 64 samples, and say what was heard of it."""
    schema._CHUNK_BYTES = 1
    torch.set_num_threads(1)
    model, num_passes = Told(), 0
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            rec = record(model, path, layers=LAYERS, values=VALUES, commit_samples=20, durable=durable)
        except TraceError as error:
            return {"refused": str(error)}
        with rec:
            for number in range(STEPS):
                sent = step(0, number)
                announce(rec, model, sent)
                model(*arguments(sent))
                num_passes += 1
    told = [str(item.message) for item in caught if item.category is RecordWarning]
    return {
        "told": told,
        "others": len(caught) - len(told),
        "safe": rec.stats().committed,
        "passes": num_passes,
    }


def train_durable(path: Path) -> dict[str, Any]:
    return train(path, durable=True)


def check(outcome: Outcome) -> None:
    outcome.check_ended()
    if "refused" in outcome.said:
        check_refused(outcome)
        return
    safe = outcome.said["safe"]
    assert (outcome.said["passes"], outcome.said["others"]) == (STEPS, 0)
    outcome.check_told(outcome.said["told"])
    for told in outcome.said["told"]:
        ending = rf" \({safe:,} samples are safe\); training goes on unrecorded"
        assert re.fullmatch(rf"{outcome.path}: recording has stopped: expected to .*{ending}", told), told
    assert outcome.left == ["run.h5"] * outcome.path.exists()
    check_trace(outcome.path, 0, at_least=safe)


def check_refused(outcome: Outcome) -> None:
    """The lock is emptied, then written: where the first of either fails, `record` says so before training begins."""
    assert (outcome.case.kind in ("size", "write"), outcome.case.position, outcome.left) == (True, 0, [])
    expected = rf"{outcome.path}: expected to make a file there, found: \[Errno \d+\] "
    assert re.match(expected, outcome.said["refused"]), outcome.said


@pytest.mark.parametrize(
    ("task", "cases"),
    [("train", write_cases()), ("train_durable", other_cases())],
    ids=["writes", "other calls"],
)
def test_a_disk_that_fails_at_any_call(tmp_path: Path, task: str, cases: list[Case]) -> None:
    outcomes = sweep(f"{__name__}:{task}", cases, tmp_path)
    assert [wrong for outcome in outcomes if (wrong := outcome.what_is_wrong(check))] == []
