"""Names of what lies beside a trace."""

from __future__ import annotations

from pathlib import Path

import pytest

from sparsey_trace.cli.main import main
from sparsey_trace.trace.paths import default_folder, default_name
from tests.cli.commands import write_trace

MADE = ("metrics", "csv", "html")


@pytest.mark.parametrize(
    ("files", "folder"),
    [
        (["run.h5"], "run.metrics"),
        (["a/run.h5"], "a/run.metrics"),
        (["run.v2.hdf5"], "run.v2.hdf5.metrics"),
        (["run.2"], "run.2.metrics"),
        (["runs/run.1.h5"], "runs/run.1.metrics"),
        (["run.rank0.h5", "run.rank1.h5"], "run.metrics"),
        (["run.h5", "run.1.h5", "run.2.h5"], "run.metrics"),
        (["a.b.rank0.hdf5", "a.b.rank1.hdf5"], "a.b.hdf5.metrics"),
        (["run.rank0.h5", "run.rank0.1.h5"], "run.rank0.metrics"),
        (["one.h5", "other.h5"], "one.metrics"),
        (["/runs/0/run.h5", "/runs/1/run.h5"], "/runs/run.metrics"),
    ],
)
def test_default_folder(files: list[str], folder: str) -> None:
    assert default_folder(*map(Path, files)) == Path(folder)


def test_what_is_made_of_two_runs_side_by_side_stays_apart(tmp_path: Path) -> None:
    runs = [write_trace(tmp_path / "s.h5", steps=2), write_trace(tmp_path / "s.hdf5", steps=3)]
    for run in runs:
        assert main(["analyze", str(run), "-m", "basis_set_size"]) == 0
        assert main(["export", str(run), "--to", "csv", "-m", "basis_set_size"]) == 0
        assert main(["report", str(run)]) == 0
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"s.h5", "s.hdf5"} | {f"s{kept}.{made}" for kept in ("", ".hdf5") for made in MADE}


def test_ranks_beside_a_run_of_their_name_have_a_name_of_their_own(tmp_path: Path) -> None:
    ranks = [tmp_path / f"run.rank{rank}.h5" for rank in range(2)]
    assert default_name(ranks) == tmp_path / "run"
    (tmp_path / "run.h5").touch()
    assert default_name(ranks) == tmp_path / "run.ranks"
    # A resumed run is one run.
    assert default_name([tmp_path / "run.h5", tmp_path / "run.1.h5"]) == tmp_path / "run"
