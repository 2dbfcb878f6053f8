"""Many runs on the command line: `runs`, `analyze --runs` and `info` of a folder."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.cli.commands import sparsey_trace, write_trace

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "sweep"
    for name, lr in (("a", 0.1), ("b", 0.5)):
        (folder / name).mkdir(parents=True)
        write_trace(folder / name / "run.h5", config={"lr": lr, "seed": 1})
    (folder / "broken.h5").write_bytes((folder / "a" / "run.h5").read_bytes()[:3000])
    return folder


@pytest.fixture
def sweep(written: Path, tmp_path: Path) -> Path:
    return shutil.copytree(written, tmp_path / "sweep")


def test_runs_lists_them_and_what_differs(sweep: Path) -> None:
    found = sparsey_trace("runs", "sweep", cwd=sweep.parent)
    assert found.returncode == 0
    assert found.stdout.splitlines() == [
        "run     state   samples  epoch  last eval  lr",
        "a/run   closed       32      1          1  0.1",
        "b/run   closed       32      1          1  0.5",
        "broken  broken",
        f"2 runs; the catalogue: {sweep}/runs.metrics/runs.parquet",
    ]
    assert "sparsey-trace: broken: " in found.stderr


def test_analyze_takes_many_runs(sweep: Path) -> None:
    found = sparsey_trace("analyze", "--runs", "sweep", "-m", "match_accuracy", cwd=sweep.parent)
    assert found.returncode == 1
    assert f"1 table of 2 runs in {sweep}/runs.metrics: match_accuracy/" in found.stdout
    assert "sparsey-trace: broken: left out: " in found.stderr
    (sweep / "broken.h5").unlink()
    arguments = ("analyze", "--runs", "sweep/*/run.h5", "-m", "match_accuracy", "-o", "sweep/runs.metrics")
    found = sparsey_trace(*arguments, "--json", cwd=sweep.parent)
    assert found.returncode == 0
    told = json.loads(found.stdout)
    assert (list(told["runs"]), told["tables"], told["failed"]) == (
        ["a/run", "b/run"],
        ["match_accuracy"],
        {},
    )
    listed = json.loads(sparsey_trace("runs", "sweep", "--json", cwd=sweep.parent).stdout)
    now = [row["now"] for row in told["runs"]["a/run"]["summary"] if row["metric"] == "match_accuracy"]
    assert listed["runs"][0]["evaluation"]["match_accuracy"] == sum(now) / 2
    assert listed["differing"] == ["lr"]
    (sweep / "b" / "run.h5").unlink()
    found = sparsey_trace("runs", "sweep", cwd=sweep.parent)
    assert found.stdout.splitlines()[0].endswith("match_accuracy  match_accuracy_winners")
    gone = told["runs"]["b/run"]["run"]
    assert found.stderr.startswith("1 run gone or replaced, whose tables are still in ")
    assert (
        f" count for whoever reads all of it: b/run (run={gone}); remove their folders run=" in found.stderr
    )


def test_options_for_one_run_are_refused(sweep: Path) -> None:
    found = sparsey_trace("analyze", "--runs", "sweep", "--explain", cwd=sweep.parent)
    assert found.returncode == 2
    assert "--explain: expected one run, found --runs; leave out one of them" in found.stderr


def test_info_of_a_folder(sweep: Path) -> None:
    found = sparsey_trace("info", "sweep", cwd=sweep.parent)
    assert found.returncode == 0
    assert "runs     2 closed, 1 broken\n" in found.stdout
    assert "samples  64 in 16 steps\n" in found.stdout
    assert "lr       0.1, 0.5\n" in found.stdout
    assert not (sweep / "runs.metrics").exists()
    facts = json.loads(sparsey_trace("info", "sweep", "--json", cwd=sweep.parent).stdout)
    assert facts["differing"] == {"lr": ["0.1", "0.5"]}
    assert list(facts["broken"]) == ["broken"]
