"""Traces to analyse, and what is replayed of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sparsey_trace.replay.engine.worker import Worker
from sparsey_trace.trace.writing.writer import TraceWriter
from tests.cli.commands import LAYOUT, write_steps, write_trace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def replayed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The spans of samples that are replayed, in this process."""
    spans, call = [], Worker.__call__

    def watched(worker: Worker, span: tuple[int, int]) -> Any:
        spans.append(span)
        return call(worker, span)

    monkeypatch.setattr(Worker, "__call__", watched)
    return spans


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    return write_trace(tmp_path / "run.h5")


@pytest.fixture
def live(tmp_path: Path) -> Iterator[tuple[Path, TraceWriter]]:
    """A trace of 20 samples in 5 steps that is still being written."""
    with TraceWriter(tmp_path / "run.h5", LAYOUT) as writer:
        write_steps(writer, 5)
        writer.commit()
        yield tmp_path / "run.h5", writer
