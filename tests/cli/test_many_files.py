"""Runs of several files on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest

import sparsey_trace as st
from sparsey_trace.cli.main import main
from sparsey_trace.trace.format.run_part import RunPart
from sparsey_trace.trace.writing.writer import TraceWriter
from tests.cli.commands import LAYOUT, sparsey_trace, write_steps

if TYPE_CHECKING:
    from collections.abc import Sequence


@pytest.fixture
def ranks(tmp_path: Path) -> list[Path]:
    """Two ranks of eight steps of four samples."""
    return [write(tmp_path / f"run.rank{rank}.h5", 8, rank=rank, num_ranks=2) for rank in range(2)]


def write(path: Path, steps: int, **part: int | str) -> Path:
    place = RunPart(**part)
    with TraceWriter(path, LAYOUT, part=place) as writer:
        write_steps(writer, steps, first=place.first_step)
    return path


def said(arguments: Sequence[object], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    code = main([str(argument) for argument in arguments])
    found = capsys.readouterr()
    return code, found.out, found.err


def test_analyze_files_and_a_pattern(ranks: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    folder = ranks[0].with_name("run.metrics")
    pattern = ranks[0].with_name("run.rank*.h5")
    metric = ("-m", "num_activations", "--resolution", "run")
    for runs in (ranks[::-1], [pattern]):
        code, out, err = said(["analyze", *runs, *metric], capsys)
        assert (code, err) == (0, "")
        assert f"1 table of {ranks[0].with_name('run*.h5')} in {folder}: num_activations.parquet\n" in out
        table = pq.read_table(folder / "num_activations.parquet").to_pandas()
        assert set(table["samples"]) == {48, 16}, "training and evaluation, of both ranks"


def test_a_part_alone_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "run.h5", 3)
    part = write(tmp_path / "run.1.h5", 2, continues="run.h5", first_step=3, first_sample=12)
    place = "it continues run.h5, without the 12 samples before"
    code, _, err = said(["analyze", part, "-m", "num_activations"], capsys)
    assert (code, err) == (0, f"{part}: note: {place}\n")
    assert f"\npart      {place}\n" in said(["info", part], capsys)[1]
    with_all = json.loads(said(["info", tmp_path / "run.*.h5", "--json"], capsys)[1])
    assert (with_all["samples"], with_all["place"]) == (20, "")
    assert [Path(path).name for path in with_all["files"]] == ["run.h5", "run.1.h5"]


def test_info_of_ranks(ranks: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(["info", *ranks], capsys)
    assert code == 0
    assert f"\nfiles     2 of 2 ranks: {ranks[0]}, {ranks[1]}\n" in out
    size = sum(path.stat().st_size for path in ranks)
    assert f"({size:,} bytes)" in out
    assert "\nsamples   64 (48 train, 16 eval) in 8 steps and 2 epochs\n" in out
    assert "\npart      rank 1 of 2, without the others\n" in said(["info", ranks[1]], capsys)[1]


def test_info_of_ranks_of_which_one_is_behind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = [tmp_path / f"run.rank{rank}.h5" for rank in range(2)]
    with (
        TraceWriter(paths[0], LAYOUT, part=RunPart(rank=0, num_ranks=2)) as ahead,
        TraceWriter(paths[1], LAYOUT, part=RunPart(rank=1, num_ranks=2)) as behind,
    ):
        for writer, steps in ((ahead, 5), (behind, 2)):
            write_steps(writer, steps)
            writer.commit()
        out = said(["info", tmp_path / "run.rank*.h5"], capsys)[1]
    assert "\nsamples   16 (16 train, 0 eval) in 2 steps and 1 epoch\n" in out
    assert "\npart      without the last 12 samples, of steps that another rank may still add to\n" in out


def test_validate_files(ranks: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    found = sparsey_trace("validate", *ranks)
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout == f"{ranks[0]}, {ranks[1]}: sound, 64 samples in 8 steps\n"
    code, out, err = said(["validate", ranks[0], ranks[0]], capsys)
    assert (code, out) == (1, "")
    assert "expected each file once, found the same trace in" in err


@pytest.mark.parametrize("verb", ["analyze", "info", "validate"])
def test_a_rank_that_is_missing_is_one_line(
    ranks: list[Path], verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ranks[1].unlink()
    code, out, err = said([verb, ranks[0].with_name("run.*.h5")], capsys)
    assert (code, out) == (1, "")
    assert err == (
        f"sparsey-trace: {ranks[0]}: expected with it the files of all 2 ranks of the run, found none of rank 1 "
        "(run.rank1.h5); name that too, or where it left none go on without it by missing_ranks='allow'; to read one "
        "file, name it alone\n"
    )
    assert main([verb, str(ranks[0])]) == 0


def test_verbs_that_draw_or_compare_go_on_without_a_missing_rank_where_asked(
    ranks: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ranks[1].unlink()
    pattern = ranks[0].with_name("run.*.h5")
    for command in (
        ["plot", pattern, "num_activations", "-o", tmp_path / "x.svg"],
        ["export", pattern, "--to", "csv", "-o", tmp_path / "csv", "-m", "num_activations"],
        ["compare", pattern, pattern, "-m", "num_activations"],
        ["report", pattern, "-o", tmp_path / "x.html"],
    ):
        code, _, err = said(command, capsys)
        assert (code, "found none of rank 1" in err) == (1, True), command
    for command in (
        ["plot", pattern, "num_activations", "-o", tmp_path / "x.svg", "--missing-ranks", "allow"],
        [
            "export",
            pattern,
            "--to",
            "csv",
            "-o",
            tmp_path / "csv",
            "-m",
            "num_activations",
            "--missing-ranks=allow",
        ],
    ):
        assert said(command, capsys)[0] == 0, command
    same = ["compare", pattern, pattern, "-m", "num_activations", "--missing-ranks", "allow"]
    assert "found the same trace" in said(same, capsys)[2]


@pytest.mark.parametrize("verb", ["analyze", "report", "compare"])
def test_of_many_runs_no_rank_can_be_missing(
    ranks: list[Path], verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = said([verb, "--runs", ranks[0].parent, "--missing-ranks", "allow"], capsys)
    assert code == 2
    assert err.endswith(
        "--missing-ranks: expected it of one run, found it with --runs; name that run alone\n"
    )


def test_results_of_one_file_are_not_those_of_all(
    ranks: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = ranks[0].with_name("results")
    assert said(["analyze", ranks[0], "-m", "num_activations", "-o", folder], capsys)[0] == 0
    code, _, err = said(["analyze", *ranks, "-m", "num_activations", "-o", folder], capsys)
    assert code == 2
    assert "found results of another trace (num_activations.parquet); choose another folder" in err
    with st.open_trace(ranks) as trace:
        assert trace.id != st.open_trace(ranks[0]).id
