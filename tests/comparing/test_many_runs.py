"""Many runs side by side, and their report: a row for each."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from matplotlib.figure import Figure

import sparsey_trace as st
from sparsey_trace.comparing.many_runs import ManyComparison
from sparsey_trace.errors import TraceError, UsageError
from sparsey_trace.runs.runs import open_runs
from tests.cli.commands import sparsey_trace, write_trace
from tests.reporting.runs import words_of, write_run

if TYPE_CHECKING:
    from pathlib import Path

METRICS = ["basis_set_size", "match_accuracy"]


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("many") / "sweep"
    folder.mkdir()
    for number, steps in enumerate((8, 12, 16)):
        write_trace(folder / f"r{number}.h5", steps=steps, config={"steps": steps, "same": 1})
    (folder / "broken.h5").write_bytes((folder / "r0.h5").read_bytes()[:3000])
    open_runs(folder).analyze(metrics=METRICS)
    return folder


@pytest.fixture(scope="module")
def comparison(sweep: Path) -> ManyComparison:
    found = st.compare(open_runs(sweep), metrics=METRICS)
    assert isinstance(found, ManyComparison)
    return found


def test_a_row_for_each_run(comparison: ManyComparison, sweep: Path) -> None:
    heads = ["steps", "basis_set_size train", "match_accuracy eval", "match_accuracy_winners eval"]
    sheet = comparison.sheet()
    assert list(sheet.heads) == ["run", *heads]
    assert [row[:2] for row in sheet.rows] == [["r0", "8"], ["r1", "12"], ["r2", "16"]]
    wide = comparison.wide
    assert list(wide.columns) == ["name", "run", "config.steps", *heads[1:]]
    rows = st.analyze(sweep / "r1.h5", metrics=["match_accuracy"]).summary_rows()
    now = [row.now for row in rows if row.metric == "match_accuracy" and row.now is not None]
    assert wide["match_accuracy eval"][1] == sum(now) / len(now)
    marked = [row for row in sheet.rows if row[3].endswith("*")]
    assert marked == [sheet.rows[int(wide["match_accuracy eval"].argmax())]]
    assert not any(row[2].endswith("*") for row in sheet.rows)
    assert len(comparison.remarks) == 1
    assert "broken: left out: " in comparison.remarks[0]
    assert "highest is best: match_accuracy eval" in comparison._repr_html_()


def test_runs_without_figures_are_named(sweep: Path) -> None:
    result = open_runs(sweep).analyze(metrics=METRICS)
    assert st.compare(result, metrics=["match_accuracy"]).remarks == st.compare(result).remarks
    result.entries.append(replace(result.entries[0], run="0" * 32, name="without"))
    remarks = st.compare(result, metrics=["match_accuracy"]).remarks
    assert remarks[0] == "1 run: without: left out: without figures of what is compared"


def test_rules_and_figures_are_those_of_a_few_runs(comparison: ManyComparison) -> None:
    assert len(comparison.check("basis_set_size>1")) == 3 * 2
    assert set(comparison.table["run"]) == {"r0", "r1", "r2"}


def test_it_is_drawn(comparison: ManyComparison) -> None:
    assert len(comparison.plot(Figure().subplots()).lines) == 3 + 4
    with pytest.raises(UsageError, match="chart: expected one of parallel_coordinates"):
        comparison.plot(chart="curves")


def test_one_run_is_no_comparison(sweep: Path) -> None:
    with pytest.raises(TraceError, match="expected two analysed runs or more to compare, found 1"):
        st.compare(open_runs(sweep / "r0.h5").analyze(metrics=METRICS, out=sweep / "runs.metrics"))


def test_the_command_line_compares_many(sweep: Path) -> None:
    for folder in ("sweep", "sweep/runs.metrics"):
        found = sparsey_trace("compare", "--runs", folder, "-m", "basis_set_size", cwd=sweep.parent)
        assert found.returncode == 0, found.stderr
        heads, *rows = found.stdout.splitlines()
        assert heads.split() == ["run", "steps", "basis_set_size", "train"]
        assert rows[0].split()[:2] == ["r0", "8"]


def test_the_report_has_all_runs_and_curves_of_those_picked(sweep: Path) -> None:
    result = open_runs(sweep).analyze(metrics=METRICS)
    page = st.report(result, pick=["r2", "r0"]).read_text()
    assert "<title>3 runs in sweep " in page
    assert page.count('class="series"') == 2
    assert '<section id="all-runs"' in page
    assert "3 runs with figures; their configurations differ in steps." in page
    assert ">r1</th>" in page
    assert str(sweep) not in page
    assert 'id="all-runs"' in st.report(result, pick=[]).read_text()
    with pytest.raises(UsageError, match="pick: expected at most 8 runs"):
        st.report(result, pick=["r0"] * 9)
    with pytest.raises(UsageError, match="pick: expected one of r0, r1, r2, found 'r'"):
        st.report(result, pick=["r"])
    with pytest.raises(UsageError, match="pick: expected it with many runs only"):
        st.report(sweep / "r0.h5", pick=["r0"])
    found = sparsey_trace("report", "--runs", "sweep/runs.metrics", "--pick", "r1", cwd=sweep.parent)
    assert found.returncode == 0, found.stderr
    assert "runs.html: report of many runs, " in found.stdout


def test_the_best_of_runs_whose_inputs_are_all_alike_is_told_with_that(tmp_path: Path) -> None:
    for seed in range(2):
        write_run(tmp_path / f"{seed}.h5", seed=seed, real=True)
    (tmp_path / "out").mkdir()
    st.open_runs(tmp_path).analyze(metrics=["match_accuracy"], out=tmp_path / "runs.metrics")
    words = words_of(st.report(st.open_result(tmp_path / "runs.metrics"), tmp_path / "out" / "report.html"))
    assert re.search(
        r"Which is best in match_accuracy eval\? \d, with [^?]* of 2 runs\. (But i|I)nputs are numbers[^?]*\?",
        words,
    )
