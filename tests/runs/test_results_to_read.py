"""Who only looks at many runs may do so where nothing can be written beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sparsey_trace.runs.runs import open_runs
from tests.cli.commands import unprivileged, write_trace
from tests.runs.sweeps import settle

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMPARE = ("compare", "-m", "basis_set_size", "--runs")
WARNING = "sparsey-trace: CacheWarning: results aren't kept: "
REMEDY = "; make them elsewhere, by `analyze --runs` with -o, and name that folder"


@pytest.fixture
def sweep(tmp_path: Path) -> Iterator[Path]:
    """Two runs; what a test has made of it is read-only until it ends."""
    folder = tmp_path / "sweep"
    folder.mkdir()
    for number in range(2):
        write_trace(folder / f"r{number}.h5", config={"lr": number})
    settle(folder)
    yield folder
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755)


def close(folder: Path) -> list[Path]:
    """Forbid to write anything there; what is there."""
    there = sorted([folder, *folder.rglob("*")])
    for path in there:
        path.chmod(0o555 if path.is_dir() else 0o444)
    return there


def test_results_that_may_not_be_kept_are_made_for_once(sweep: Path) -> None:
    there = close(sweep)
    found = unprivileged(*COMPARE, str(sweep))
    assert (found.returncode, found.stderr.startswith(WARNING), found.stderr.endswith(f"{REMEDY}\n")) == (
        0,
        True,
        True,
    )
    assert [line.split()[:2] for line in found.stdout.splitlines()[1:3]] == [["r0", "0"], ["r1", "1"]]
    assert sorted([sweep, *sweep.rglob("*")]) == there


def test_results_that_are_there_are_taken(sweep: Path) -> None:
    open_runs(sweep).analyze(metrics=["basis_set_size"])
    close(sweep)
    found = unprivileged(*COMPARE, str(sweep))
    assert (found.returncode, found.stderr) == (0, "")
    assert [line.split()[:2] for line in found.stdout.splitlines()[1:3]] == [["r0", "0"], ["r1", "1"]]
