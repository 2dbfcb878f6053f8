"""What of an earlier recording goes when a run is recorded again in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sparsey_trace.recording.stale_files import stale_files
from sparsey_trace.trace.format.run_part import RunPart
from tests.trace.reading.run_files import write

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """As ranks are given it that record the run again; there were four, of which one began with the second start."""
    for rank in (0, 1, 3):
        write(tmp_path / f"run.rank{rank}.h5", range(1), rank=rank, num_ranks=4)
        write(
            tmp_path / f"run.rank{rank}.1.h5",
            range(1),
            rank=rank,
            num_ranks=4,
            continues=f"run.rank{rank}.h5",
        )
    write(tmp_path / "run.rank2.1.h5", range(1), rank=2, num_ranks=4)
    write(tmp_path / "run.rank2.2.h5", range(1), rank=2, num_ranks=4, continues="run.rank2.1.h5")
    write(tmp_path / "run.rank2.7.h5", range(1), rank=2, num_ranks=4, continues="run.rank2.6.h5")
    write(tmp_path / "run.rank5.h5", range(1))  # another's, of such a name
    (tmp_path / "run.rank6.h5").touch()
    return tmp_path / "run.h5"


@pytest.mark.parametrize(
    ("rank", "num_ranks", "names"),
    [
        (0, 4, ["run.rank0.1.h5"]),
        (2, 4, ["run.rank2.1.h5", "run.rank2.2.h5"]),
        (0, 2, ["run.rank0.1.h5"]),
        (1, 2, ["run.rank1.1.h5", "run.rank2.1.h5", "run.rank2.2.h5", "run.rank3.h5", "run.rank3.1.h5"]),
    ],
)
def test_of_this_rank_and_of_those_there_are_no_more(
    path: Path, rank: int, num_ranks: int, names: list[str]
) -> None:
    assert [file.name for file in stale_files(path, RunPart(rank=rank, num_ranks=num_ranks))] == names


def test_of_one_process_what_begins_under_a_number_is_another_run(path: Path) -> None:
    write(path.with_name("run.1.h5"), range(1))
    write(path.with_name("run.2.h5"), range(1), continues="run.h5")
    assert stale_files(path, RunPart()) == [path.with_name("run.2.h5")]
