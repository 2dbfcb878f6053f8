"""Files that aren't one run, or not all of it, are refused."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from sparsey_trace.errors import TraceError
from sparsey_trace.trace.format.run_part import RunPart
from sparsey_trace.trace.reading.open_trace import open_trace
from tests.trace.reading.run_files import ALONE, refused, size_of, write

if TYPE_CHECKING:
    from pathlib import Path


def test_files_that_continue_each_other_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "a.h5", range(2), continues="b.h5")
    write(tmp_path / "b.h5", range(2, 4), continues="a.h5")
    with pytest.raises(
        TraceError, match=r"expected with it 'b\.h5', which it continues, and all files before"
    ):
        open_trace(tmp_path / "*.h5")


def test_files_of_a_run_that_was_recorded_again_are_refused(tmp_path: Path) -> None:
    """A rank that was killed before its first commit has left its file of the earlier recording."""
    old, new = ({"num_ranks": 3, "run": digit * 32} for digit in "01")
    left = write(tmp_path / "run.rank1.h5", range(2), rank=1, **old)
    paths = [write(tmp_path / f"run.rank{rank}.h5", range(2), rank=rank, **new) for rank in (0, 2)]
    begun, before = created(paths[0]), created(left)
    assert refused(tmp_path / "run.*.h5") == (
        f"{paths[0]}: expected files of one run, found run.rank0.h5, run.rank2.h5 of a run that began {begun}, "
        f"run.rank1.h5 of one that began {before}: where a run is recorded again, a rank that is killed before its "
        "first commit leaves its old file behind; move what is of another run elsewhere; where a rank has no file "
        f"then, go on without it by missing_ranks='allow'{ALONE}"
    )
    left.unlink()
    with open_trace(tmp_path / "run.*.h5", missing_ranks="allow") as trace:
        assert (trace.missing_ranks, trace.part.run) == ((1,), "1" * 32)
    write(tmp_path / "run.rank1.h5", range(2), rank=1, num_ranks=3)  # of which run isn't known
    with open_trace(tmp_path / "run.*.h5") as trace:
        assert trace.part.run == "1" * 32


def created(path: Path) -> str:
    with open_trace(path) as trace:
        return trace.created


OTHERWISE = "name that too, or where it left none go on without it by missing_ranks='allow'"


def test_a_missing_rank_is_named(parts: list[Path]) -> None:
    first = f"{parts[0]}: expected with it the files of all 2 ranks of the run, found none of rank 1 "
    assert refused(*parts[:3]) == f"{first}(run.rank1.h5); {OTHERWISE}{ALONE}"
    with pytest.raises(TraceError, match=r"found none of rank 0 \(run\.rank0\.1\.h5\)"):
        open_trace(parts[0].with_name("run.rank1.[12].h5"))
    with open_trace(parts[3]) as trace:
        assert trace.part == RunPart(rank=1, num_ranks=2)


def test_a_missing_part_is_named(parts: list[Path]) -> None:
    found = refused(parts[0], *parts[2:])
    assert found.startswith(f"{parts[2]}: expected with it 'run.rank0.1.h5', which it continues")


def test_other_inputs_or_numbers_of_ranks_are_refused(tmp_path: Path) -> None:
    one = write(tmp_path / "run.rank0.h5", range(2), num_ranks=2)
    none = write(tmp_path / "none.h5", range(2), inputs="none", rank=1, num_ranks=2)
    assert refused(one, none) == (
        f"{none}: expected the inputs of {one}, as in one run, found kept as none instead of binary{ALONE}"
    )
    three = write(tmp_path / "three.h5", range(2), rank=1, num_ranks=3)
    assert refused(one, three) == (
        f"{three}: expected the ranks of {one}, as in one run, found num_ranks 3 instead of 2{ALONE}"
    )


def test_the_same_trace_twice_is_refused(tmp_path: Path) -> None:
    one = write(tmp_path / "run.h5", range(2))
    copy, link = tmp_path / "copy.h5", tmp_path / "link.h5"
    shutil.copy(one, copy)
    link.symlink_to(one)
    for other in (one, copy, link):
        assert refused(one, other) == (
            f"{other}: expected each file once, found the same trace in {one}; leave out one"
        )


def test_two_runs_are_not_one(tmp_path: Path) -> None:
    one, other = (write(tmp_path / name, range(2)) for name in ("a.h5", "b.h5"))
    assert refused(one, other) == (
        f"{other}: expected one file of rank 0 to begin the run, found {one} too; give the files of one run{ALONE}"
    )
    parts = {"continues": "a.h5", "first_step": 2, "first_sample": size_of(one)}
    forks = [write(tmp_path / name, range(2, 4), **parts) for name in ("c.h5", "d.h5")]
    assert refused(one, *forks).startswith(
        f"{forks[1]}: expected one file of rank 0 to continue 'a.h5', found {forks[0]} too"
    )


def test_parts_that_do_not_connect_are_refused(tmp_path: Path) -> None:
    one = write(tmp_path / "run.h5", range(5))
    size = size_of(one)
    lost = write(tmp_path / "run.1.h5", range(5, 7), continues="run.h5", first_step=5, first_sample=size - 1)
    assert refused(one, lost) == (
        f"{one}: expected a run of {size - 1} samples to end here, as {lost} says, which continues it, found {size}; "
        f"one of them was changed or replaced{ALONE}"
    )
    over = write(tmp_path / "run.2.h5", range(4, 7), continues="run.h5", first_step=4, first_sample=size)
    assert refused(one, over) == (
        f"{over}: expected to begin after step 4, the last of {one}, found that it begins at step 4; "
        f"they overlap{ALONE}"
    )
