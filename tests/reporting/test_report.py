"""What a report holds, says and leaves out, without a browser; with one: test_browser.py."""

from __future__ import annotations

import html
import re
import shutil
from typing import TYPE_CHECKING

import pandas as pd
import pytest

import sparsey_trace as st
from sparsey_trace.errors import CacheWarning, OutputError, TraceError, UsageError
from tests.fork_server import shared_server
from tests.reporting.runs import HOSTILE, SECTIONS, data_of, read, words_of, write_run
from tests.table_counts import TABLES

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a run without evaluation and positions; read only."""
    run = tmp_path_factory.mktemp("bare") / "run.h5"
    return st.report(write_run(run, evaluation=False, positions=False))


@pytest.fixture(scope="module")
def early(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a run with gaps that is still being written; read only."""
    run = tmp_path_factory.mktemp("early") / "run.h5"
    return st.report(write_run(run, sampling={"every": 2}, close=False))


def test_it_is_made_beside_the_trace_with_every_section(made: Path) -> None:
    assert made == made.with_name("run.h5").with_suffix(".html")
    assert tuple(re.findall(r'<section id="(\w+)"', read(made))) == SECTIONS
    words = words_of(made)
    assert "48 (36 train, 12 eval) in 12 steps and 3 epochs" in words
    assert "lr 0.5 layers[0].rows 2" in words
    assert "9 MACs, 1 never active" in words
    assert "basis_set_size train 0 v1" in words
    assert "Do all MACs take part? MACs that were never active, over 36 training samples: v1 1 of 9" in words


def test_tables_are_computed_where_they_are_missing_and_used_where_they_fit_for_the_same_bytes(
    run: Path,
) -> None:
    st.report(run)
    folder = run.with_suffix(".metrics")
    before = {path: path.stat().st_mtime_ns for path in folder.glob("*.parquet")}
    assert len(before) == TABLES
    again = st.report(run, run.with_name("again.html"), n_jobs=2)
    assert {path: path.stat().st_mtime_ns for path in folder.glob("*.parquet")} == before
    assert again.read_bytes() == run.with_suffix(".html").read_bytes()


def test_tables_of_another_question_stay(run: Path) -> None:
    folder = run.with_suffix(".metrics")
    st.analyze(run, resolution="epoch", out=folder)
    before = {path: path.read_bytes() for path in folder.glob("*.parquet")}
    with pytest.warns(
        CacheWarning, match="left as it is, found a table made with resolution epoch, not step"
    ):
        st.report(run)
    assert {path: path.read_bytes() for path in folder.glob("*.parquet")} == before


def test_the_same_trace_gives_the_same_bytes_also_of_tables_in_parts(run: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run.metrics"
    first = st.report(run, tmp_path / "a.html")
    shutil.rmtree(folder)
    st.analyze(run, out=folder, partition_size=16)
    parts = {path: path.stat().st_mtime_ns for path in folder.glob("*/*.parquet")}
    assert len(parts) > TABLES
    second = st.report(run, tmp_path / "b.html", n_jobs=2)
    assert first.read_bytes() == second.read_bytes()
    assert {path: path.stat().st_mtime_ns for path in folder.glob("*/*.parquet")} == parts


def test_it_fetches_nothing_and_runs_nothing_but_its_two_scripts(made: Path) -> None:
    page = read(made)
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    assert html.unescape(policy).startswith("default-src 'none'; script-src 'sha256-")
    assert policy.count("sha256-") == 2
    assert not re.findall(r'(?:src|href)="(?!#|data:)[^"]*"', page)


def test_text_from_the_trace_is_shown_as_it_is(tmp_path: Path) -> None:
    config = {"</script>": "<img src=x onerror=alert(1)>", "name": HOSTILE}
    run = write_run(tmp_path / "<i>run.h5", names=(HOSTILE, "v2"), config=config)
    made = st.report(run)
    page = read(made)
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "<i>" not in page
    assert HOSTILE in words_of(made)
    assert "<img src=x onerror=alert(1)>" in words_of(made)
    ticks = [chart["layout"]["xaxis"].get("ticktext", []) for chart in data_of(made)["charts"]]
    shown = "&lt;script&gt;alert(1)&lt;/script&gt; &#37;{x} &lt;b&gt;b&lt;/b&gt;"
    assert [shown, "v2"] in [list(tick) for tick in ticks]


def test_halves_of_characters_dont_break_it(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run.h5", config={"name": "\ud800 \x00 \u202e"})
    assert r"\ud800 \x00 \u202e" in words_of(st.report(run))


def test_every_axis_has_a_title(made: Path) -> None:
    charts = data_of(made)["charts"]
    assert len(charts) > 12
    for chart in charts:
        assert chart["layout"]["xaxis"]["title"]["text"]
        assert chart["layout"]["yaxis"]["title"]["text"]


def test_every_chart_is_said_in_words(made: Path) -> None:
    labels = re.findall(r'class="chart"[^>]*aria-label="([^"]*)"', read(made))
    assert len(labels) == len(data_of(made)["charts"])
    table = pd.read_parquet(made.with_suffix(".metrics") / "basis_set_size.parquet")
    sizes = table.query("layer == 0 and phase == 'train'")
    first, *_, last = sizes.groupby("step")["value"].mean()
    said = f"run, train: mean over MACs {first:.4g} after 4 samples, {last:.4g} after 36."
    assert f"Basis set size in layer v1. {said}" in labels
    assert all(label.endswith(".") for label in labels)


def test_what_was_thinned_out_is_said(tmp_path: Path) -> None:
    words = words_of(st.report(write_run(tmp_path / "run.h5", steps=600)))
    assert "Each point joins up to 3 training steps." in words


def test_without_evaluation_match_accuracy_is_said_to_be_missing(bare: Path) -> None:
    assert "No match accuracy: no sample has a value." in words_of(bare)


def test_without_inputs_it_says_what_that_rules_out(tmp_path: Path) -> None:
    made = st.report(write_run(tmp_path / "run.h5", inputs=False))
    words = words_of(made)
    for what in ("feature coverage", "match accuracy", "SISC adherence", "basis averages"):
        assert f"No {what}: the trace has no inputs." in words
    # Of what they lack in common the findings speak once.
    lacking = "feature_coverage, match_accuracy, basis_average, sisc_adherence or sisc_curve"
    assert f"The trace has no inputs; so there is no {lacking}." in words
    assert "That isn't known: the trace has no inputs." in words
    assert data_of(made)["maps"] == []


def test_without_positions_macs_stand_in_rows(bare: Path) -> None:
    assert "The trace has no positions: MACs stand in rows, left to right." in words_of(bare)
    first = data_of(bare)["maps"][0]
    assert first["places"][:4] == [[0, 0], [1, 0], [2, 0], [0, 1]]
    assert (set(first["codes"]["of"]), first["codes"]["shape"]) == (set(range(1, 9)), [4, 4])


def test_hexagonal_grids_are_hexagonal(made: Path) -> None:
    data = data_of(made)
    assert [found["hexagonal"] for found in data["maps"]] == [False, True]
    shapes = [chart["layout"].get("shapes", []) for chart in data["charts"]]
    cells, squares = [4, 6], [4, 4]
    corners = [found[0]["path"].partition("Z")[0].count("L") + 1 for found in shapes if found]
    assert corners == cells + squares + cells


@pytest.mark.parametrize(("shape", "shown"), [((16,), [4, 4]), ((2, 2, 4), [2, 4])])
def test_inputs_of_any_shape_have_pictures_real_ones_too(
    tmp_path: Path, shape: tuple[int, ...], shown: list[int]
) -> None:
    maps = data_of(st.report(write_run(tmp_path / "run.h5", shape=shape, real=len(shape) > 1)))["maps"]
    assert [of_layer["shape"] for of_layer in maps] == [shown, shown]
    assert 0 < maps[0]["high"] < 1


def test_inputs_on_a_grid_have_pictures(made: Path) -> None:
    assert [of_layer["shape"] for of_layer in data_of(made)["maps"]] == [[4, 4], [4, 4]]


def test_gaps_are_said(early: Path) -> None:
    words = words_of(early)
    assert "one step in 2 was recorded" in words
    assert "basis_set_size: a lower bound" in words


def test_a_trace_that_is_still_written_has_one(early: Path) -> None:
    assert "not closed: still being written, or its writer died" in words_of(early)


def test_an_empty_trace_has_none(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run.h5", steps=0)
    with pytest.raises(TraceError, match=r"run\.h5: expected"):
        st.report(run)
    assert not run.with_suffix(".html").exists()


def test_only_reports_are_replaced(run: Path) -> None:
    out = run.with_suffix(".html")
    out.write_text("mine")
    with pytest.raises(OutputError) as found:
        st.report(run)
    assert str(found.value) == (
        f"{out}: expected no file there, or an earlier report, found another file; "
        "choose another name with -o, or replace it with --overwrite"
    )
    assert out.read_text() == "mine"
    st.report(run, overwrite=True)
    before = out.read_bytes()
    st.report(run)
    assert out.read_bytes() == before
    assert {path.name for path in run.parent.iterdir()} == {"run.h5", "run.html", "run.metrics"}


def test_a_folder_is_no_file(run: Path) -> None:
    with pytest.raises(OutputError, match="expected a file's name, found a folder"):
        st.report(run, run.parent)
    with pytest.raises(OutputError, match="expected to write results there, found: "):
        st.report(run, run.parent / "nowhere" / "run.html")


def test_several_runs_are_shown_on_top_of_each_other(run: Path) -> None:
    other = write_run(run.with_name("other.h5"), seed=1, config={"lr": 1})
    made = st.report([run, other])
    assert made == run.with_name("run-other.html")
    words = words_of(made)
    assert "Configuration: what differs run other lr 0.5 1" in words
    assert "Recorded: what differs run other trace run.h5 other.h5 id " in words
    assert "Recorded: the same in all runs:" in words
    assert "The model from the input up, the same in all runs: 2 rows" in words
    assert "All other figures:" in words
    assert "area: how large basis sets were on average" in words
    growth = data_of(made)["charts"][0]
    means = [trace for trace in growth["data"] if trace["meta"]["role"] == "line"]
    assert [(trace["name"], trace["meta"]["series"]) for trace in means] == [
        ("run, train", 0),
        ("other, train", 1),
    ]
    assert len(data_of(made)["maps"]) == 4


def test_layers_of_several_runs_pair_by_name(run: Path) -> None:
    other = write_run(run.with_name("other.h5"), seed=1, names=("v0", "v1"))
    made = st.report([run, other])
    headings = re.findall(r"<h4>(v\d)</h4>", read(made))
    assert headings[:3] == ["v1", "v2", "v0"]
    assert "layer v2 is only in run" in words_of(made)


def test_a_name_that_no_browser_knows_is_refused(run: Path) -> None:
    readme = run.with_name("README.md")
    with pytest.raises(UsageError, match=r"README.md: expected a name that ends in .html, found .md$"):
        st.report(run, readme)
    assert not readme.exists()


@pytest.mark.parametrize("number", [0, 9])
def test_too_few_or_too_many_runs(run: Path, number: int) -> None:
    with pytest.raises(UsageError, match=f"runs: expected 1 to 8 runs, found {number}"):
        st.report([run] * number)


def test_the_same_run_twice(run: Path) -> None:
    with pytest.raises(UsageError, match="expected another run than"):
        st.report([run, run])


def test_without_plotly_it_says_what_to_install(run: Path) -> None:
    code = (
        "import sys; sys.modules['plotly'] = None; from sparsey_trace.cli.main import main;"
        "sys.exit(main(sys.argv[1:]))"
    )
    found = shared_server().run(code, "report", run)
    assert (found.returncode, found.stdout) == (2, "")
    assert found.stderr == (
        "sparsey-trace: report: expected the package plotly, found it not installed; "
        'run pip install "sparsey-trace[report]"\n'
    )
