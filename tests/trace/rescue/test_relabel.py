"""A trace with other labels is the old one in everything else, and says what was changed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sparsey_trace.errors import DataError, TraceError, UsageError
from sparsey_trace.trace.reading.open_trace import open_trace
from sparsey_trace.trace.rescue.relabel import Relabelled, relabel
from sparsey_trace.trace.rescue.repair import repair
from sparsey_trace.trace.rescue.validate import validate
from tests.cli.commands import being_written
from tests.trace.feed import check, sent, write_closed, write_left

if TYPE_CHECKING:
    from pathlib import Path


def write_labels(path: Path, count: int) -> Path:
    np.save(path, np.arange(count) + 2**53)
    return path


@pytest.mark.parametrize("write", [write_closed, write_left])
def test_all_but_the_labels_stays(tmp_path: Path, write: type[write_closed]) -> None:
    path = write(tmp_path / "run.h5", steps=40)
    with open_trace(path) as trace:
        count, old = len(trace), trace.id
    labels = write_labels(tmp_path / "labels.npy", count)
    before = path.read_bytes()
    assert relabel(path, labels, tmp_path / "new.h5") == Relabelled(samples=count, changed=count)
    assert path.read_bytes() == before
    expected = {name: values[:count] for name, values in sent(0, 40).items()}
    with open_trace(tmp_path / "new.h5") as trace:
        check(trace, expected | {"label": np.arange(count) + 2**53})
        assert trace.closed
        assert trace.id != old
        assert re.fullmatch(
            rf"20.*\+00:00: {count} labels of {count} samples of trace {old} replaced from 'labels.npy'",
            trace.changes,
        )
    assert validate(tmp_path / "new.h5").samples == count


def test_what_was_changed_is_not_forgotten(tmp_path: Path) -> None:
    path = write_closed(tmp_path / "run.h5", steps=3)
    (tmp_path / "some.csv").write_text("sample,label\n0,1234\n")
    relabel(path, tmp_path / "some.csv", tmp_path / "one.h5")
    relabel(tmp_path / "one.h5", tmp_path / "some.csv", tmp_path / "two.h5")
    repair(tmp_path / "two.h5", tmp_path / "three.h5")
    with open_trace(tmp_path / "three.h5") as trace:
        first, second = trace.changes.splitlines()
    assert " 1 labels of " in first
    assert " 0 labels of " in second


def test_what_cannot_be_leaves_nothing(tmp_path: Path) -> None:
    path = write_closed(tmp_path / "run.h5", steps=3)
    short = write_labels(tmp_path / "short.npy", 1)
    with pytest.raises(DataError, match="one for each sample, found 1"):
        relabel(path, short, tmp_path / "new.h5")
    with pytest.raises(UsageError, match="found that it is the trace, which is never written to"):
        relabel(path, short, path, overwrite=True)
    with pytest.raises(
        UsageError, match="expected to make a trace there, found the labels; choose another name"
    ):
        relabel(path, short, short, overwrite=True)
    assert sorted(found.name for found in tmp_path.iterdir()) == ["run.h5", "short.npy"]


def test_a_trace_that_is_being_written_is_left_alone(tmp_path: Path) -> None:
    labels = write_labels(tmp_path / "labels.npy", 8)
    with (
        being_written(tmp_path / "run.h5", committed=2) as path,
        pytest.raises(TraceError, match="expected a trace that nobody writes any more"),
    ):
        relabel(path, labels, tmp_path / "new.h5")
