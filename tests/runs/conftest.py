from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from sparsey_trace.runs.runs import open_runs
from tests.runs.sweeps import write_sweep

if TYPE_CHECKING:
    from pathlib import Path

    from sparsey_trace.runs.runs_result import RunsResult


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep that is only read."""
    return write_sweep(tmp_path_factory.mktemp("written") / "sweep")


@pytest.fixture
def sweep(written: Path, tmp_path: Path) -> Path:
    """The same, to be changed."""
    return shutil.copytree(written, tmp_path / "sweep")


@pytest.fixture(scope="session")
def result(written: Path, tmp_path_factory: pytest.TempPathFactory) -> RunsResult:
    """Its analysis."""
    out = tmp_path_factory.mktemp("results") / "sweep.metrics"
    return open_runs(written).analyze(metrics=["basis_set_size", "match_accuracy"], out=out)
