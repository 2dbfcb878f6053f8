"""`sparsey-trace compare`: side by side on the screen, in files, and as a gate."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pandas as pd
import pytest

import sparsey_trace as st
from sparsey_trace.cli.main import main
from tests.cli.commands import on_terminal, sparsey_trace
from tests.replay.runs import write_run

if TYPE_CHECKING:
    from pathlib import Path

QUICK = ("--metric", "basis_set_size")


@pytest.fixture
def runs(tmp_path: Path) -> list[Path]:
    return [write_run(tmp_path / name / "run.h5", seed=seed) for seed, name in enumerate(folders(tmp_path))]


def folders(tmp_path: Path) -> list[str]:
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
    return ["old", "new"]


def compare(runs: list[Path], *arguments: str) -> int:
    return main(["compare", *map(str, runs), *arguments])


def test_runs_stand_side_by_side(runs: list[Path]) -> None:
    found = sparsey_trace("compare", *runs, *QUICK)
    assert (found.returncode, found.stderr) == (0, "")
    lines = found.stdout.splitlines()
    assert lines[:2] == [f"old/run  {runs[0]}, 32 samples", f"new/run  {runs[1]}, 32 samples"]
    assert lines[3].split() == ["metric", "phase", "layer", "value", "old/run", "new/run", "change"]
    table = st.compare(runs, metrics=["basis_set_size"]).table.query("layer == 'v1'")
    old, new = table["now"]
    wins = ["*" if won else "" for won in table["wins_now"]]
    change = [f"{'+' if new > old else ''}{new - old:.4g}"]
    assert lines[4].split() == [
        "basis_set_size", "train", "v1", "now", f"{old:.4g}{wins[0]}", f"{new:.4g}{wins[1]}", *change
    ]  # fmt: skip
    assert [line.split()[3] for line in lines[4:8]] == ["now", "area"] * 2
    assert lines[-2:] == [
        "codes: basis_set_size",
        "area: how large basis sets were on average over the training samples, in codes",
    ]
    assert max(map(len, lines[3:])) <= 100


def test_digits_stand_below_digits_and_metrics_apart(
    runs: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare(runs) == 0
    head, *lines = capsys.readouterr().out.splitlines()[3:]
    assert lines[0].startswith("num_activations ")
    assert lines.count("") == 11
    numbers = [line for line in lines if line[:1].isalpha() and " now " in line]
    assert len(numbers) == 2 * 16
    end = head.index("old/run") + len("old/run")
    assert all(line[end - 2].isdigit() and line[end - 1] in " *" for line in numbers)


def test_a_terminal_gets_a_ruled_table(runs: list[Path]) -> None:
    seen = on_terminal("compare", *runs, COLUMNS="100")
    assert "replaying" in seen
    assert "─────" in seen
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", seen)
    rows = [line for line in plain.splitlines() if line.startswith("feature_coverage")]
    assert len(rows) == 2 * 2 * 2 * 3
    assert max(map(len, rows)) <= 100


def test_more_than_two_runs_have_no_change(
    runs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare([*runs, write_run(tmp_path / "third.h5", seed=3)], *QUICK) == 0
    assert capsys.readouterr().out.splitlines()[4].split()[4:] == ["old/run", "new/run", "third"]


@pytest.mark.parametrize("form", ["parquet", "csv", "json"])
def test_the_comparison_is_written_as_a_table(runs: list[Path], tmp_path: Path, form: str) -> None:
    out = tmp_path / f"comparison.{form}"
    assert compare(runs, "--out", str(out)) == 0
    found = getattr(pd, f"read_{form}")(out)
    expected = st.compare(runs).table
    found["unit"] = found["unit"].fillna("")  # what is empty in CSV is read as missing
    assert list(found.columns) == list(expected.columns)
    # A curve has no figure, and no line.
    assert len(found) == 16 * 2 * 2
    pd.testing.assert_frame_equal(found.convert_dtypes(), expected.convert_dtypes(), check_exact=False)


def test_a_file_that_is_there_is_replaced_only_on_request(
    runs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "comparison.csv"
    out.write_text("precious")
    assert compare(runs, *QUICK, "--out", str(out)) == 2
    assert capsys.readouterr().err == (
        f"sparsey-trace: {out}: expected no file there, found one; choose another name with -o, or replace it with "
        "--overwrite\n"
    )
    assert out.read_text() == "precious"
    assert not runs[0].with_name("run.metrics").exists()
    assert compare(runs, *QUICK, "--out", str(out), "--overwrite") == 0
    assert out.read_text().startswith("metric,")


def test_json_is_one_object_and_nothing_else(runs: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert compare(runs, *QUICK, "--json", "--fail-if", "basis_set_size[v1]<1000") == 1
    printed = capsys.readouterr()
    value = json.loads(printed.out)
    assert value.keys() == {"runs", "entries", "remarks", "violations"}
    assert [(run["run"], run["samples"]) for run in value["runs"]] == [(str(run), 32) for run in runs]
    entries = st.compare(runs, metrics=["basis_set_size"]).figures
    assert value["entries"] == [{**vars(entry), "wins": list(entry.wins)} for entry in entries]
    assert [violation["run"] for violation in value["violations"]] == list(map(str, runs))
    assert len(printed.err.splitlines()) == 2


def test_the_gate_passes(runs: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    rules = ["--fail-if", "feature_coverage<0", "--fail-if", "match_accuracy<-1"]
    assert compare(runs, *rules) == 0
    printed = capsys.readouterr()
    assert printed.out.endswith("\n2 rules kept\n")
    assert printed.err == ""


def test_the_gate_fails_with_a_line_for_each_figure(runs: list[Path]) -> None:
    table = st.compare(runs, metrics=["basis_set_size"]).table
    areas = list(table.query("layer == 'v2'")["area"])
    limit = sum(areas) / 2
    rule = f"area:basis_set_size[v2]>{limit}"
    found = sparsey_trace("compare", *runs, *QUICK, "--fail-if", rule)
    run = runs[areas.index(max(areas))]
    assert found.returncode == 1
    assert found.stderr == (
        f"sparsey-trace: rule broken: {rule}: {run}: basis_set_size[v2] (train): "
        f"area is {max(areas):.6g}; limit {limit:.6g}\n"
    )
    assert "kept" not in found.stdout


def test_the_gate_fails_where_its_metric_was_not_computed(
    runs: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare(runs, *QUICK, "--fail-if", "match_accuracy<-0.02") == 1
    assert capsys.readouterr().err == (
        f"sparsey-trace: rule broken: match_accuracy<-0.02: {runs[1]}: match_accuracy: "
        "not computed: it was not asked for\n"
    )


def test_a_bad_rule_or_file_name_is_refused_before_anything_is_computed(
    runs: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare(runs, "--fail-if", "feature_coverage is low") == 2
    assert (
        "expected [now:|best:|area:][train:|eval:]METRIC[[LAYER]] with <, <=, > or >="
        in capsys.readouterr().err
    )
    assert compare(runs, "--fail-if", "coverage<1") == 2
    assert "found 'coverage'" in capsys.readouterr().err
    assert compare(runs, "--out", "table.txt") == 2
    assert capsys.readouterr().err == (
        "sparsey-trace: --out: expected a file's name that ends in one of .parquet, .csv, .json, "
        "found 'table.txt'\n"
    )
    assert not runs[0].with_name("run.metrics").exists()


def test_a_file_that_cannot_be_written_is_named(runs: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    out = runs[0].with_name("nowhere") / "table.csv"
    assert compare(runs, *QUICK, "--out", str(out)) == 2
    assert f"{out}: expected to write results there, found: " in capsys.readouterr().err


@pytest.mark.parametrize("twice", [False, True])
def test_one_run_alone_or_twice_is_refused(
    runs: list[Path],
    capsys: pytest.CaptureFixture[str],
    twice: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    assert compare(runs[:1] * (1 + twice)) == 2
    found = (
        f"{runs[0]}: expected another run than" if twice else "runs: expected two or more to compare, found 1"
    )
    assert found in capsys.readouterr().err


def test_an_unreadable_run_is_named(runs: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert compare([runs[0], runs[0].with_name("no.h5")]) == 1
    assert "no.h5: expected a trace file, found no such file" in capsys.readouterr().err


def test_folders_of_tables_are_runs(runs: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    for run in runs:
        assert main(["analyze", str(run), "--resolution", "epoch"]) == 0
    capsys.readouterr()
    folders = [run.with_name("run.metrics") for run in runs]
    for run in runs:
        run.unlink()
    assert compare(folders, "--resolution", "epoch", "--fail-if", "best:match_accuracy[0]<0") == 0
    out = capsys.readouterr().out
    assert out.startswith(f"old/run  {folders[0]}, 32 samples\n")
    assert "best epoch" in out
