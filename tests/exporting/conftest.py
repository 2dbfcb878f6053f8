"""A run to export."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.commands import write_trace

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A trace of 32 samples in 8 steps and two layers, every fourth step of evaluation."""
    return write_trace(tmp_path / "run.h5", config={"lr": 1})
