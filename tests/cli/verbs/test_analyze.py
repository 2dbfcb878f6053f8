"""`sparsey-trace analyze`: its output, what it hands on, and what it says of bad input."""

from __future__ import annotations

import inspect
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import pyarrow.parquet as pq
import pytest

import sparsey_trace as st
from sparsey_trace.cli.app import command
from sparsey_trace.cli.main import main
from sparsey_trace.cli.options.grouping import reduction_names, resolution_names
from sparsey_trace.cli.verbs.analyze import engine_names
from sparsey_trace.tables.summary import TEXT_COLUMNS, summary_texts
from tests.cli.commands import RUN, being_written, sparsey_trace, write_trace
from tests.fork_server import shared_server
from tests.table_counts import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable

QUICK = ("--metric", "basis_set_size")


def test_the_command_writes_tables_beside_the_trace_and_shows_a_summary(run: Path) -> None:
    found = sparsey_trace("analyze", run)
    assert (found.returncode, found.stderr) == (0, "")
    lines = found.stdout.splitlines()
    assert lines[0].split() == list(TEXT_COLUMNS)
    result = st.analyze(run)
    rows = result.summary_rows()
    assert [line.split() for line in lines[1 : len(rows) + 1]] == [
        [text for text in summary_texts(row) if text] for row in rows
    ]
    assert lines[len(rows) + 1] == "share of samples: num_activations"
    folder = run.with_name("run.metrics")
    assert lines[-1].startswith(f"{TABLES} tables of {run} in {folder}: num_activations.parquet, ")
    assert {path.stem for path in folder.glob("[!.]*")} == set(result)
    assert pq.read_table(folder / "basis_set_size.parquet").equals(result["basis_set_size"])


def test_columns_of_the_summary_are_aligned(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["analyze", str(run)])
    head, *lines = capsys.readouterr().out.splitlines()[:9]
    end = head.index("samples") + len("samples")
    assert all(len(line) == end and line[-1].isdigit() for line in lines)


def test_json_is_one_object_and_nothing_else(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "results"
    found = sparsey_trace("analyze", run, "-o", out, "--json", *QUICK)
    value = json.loads(found.stdout)
    assert set(value) == {"trace", "folder", "tables", "summary", "skipped", "gaps", "notes"}
    assert value["tables"] == {"basis_set_size": str(out / "basis_set_size.parquet")}
    assert (value["trace"], value["folder"], value["skipped"]) == (str(run), str(out), {})
    assert (value["gaps"], value["notes"]) == ("", {})
    row = st.analyze(run, metrics=["basis_set_size"]).summary_rows()[0]
    assert value["summary"][0] == vars(row)
    assert found.stderr == ""


def test_options_reach_the_analysis(run: Path) -> None:
    arguments = ["analyze", str(run), "-m", "match_accuracy:distance=jaccard,reference_size=5"]
    arguments += ["--resolution", "epoch", "--reduction", "layerwise_mean", "--engine", "serial"]
    assert main([*arguments, "--chunk-size", "3", "--total-memory", "500M", "--n-jobs", "1"]) == 0
    schema = pq.read_schema(run.with_name("run.metrics") / "match_accuracy.parquet")
    provenance = json.loads(schema.metadata[b"sparsey_trace"])
    assert (provenance["resolution"], provenance["reduction"]) == ("epoch", "layerwise_mean")
    assert provenance["parameters"]["distance"] == "jaccard"
    assert provenance["parameters"]["reference_size"] == 5


def test_processes_make_the_same_bytes(run: Path, tmp_path: Path) -> None:
    for jobs in ("1", "2"):
        done = sparsey_trace("analyze", run, "-o", tmp_path / jobs, "--n-jobs", jobs, "--chunk-size", "8")
        assert done.returncode == 0
    for path in (tmp_path / "1").glob("[!.]*"):
        assert path.read_bytes() == (tmp_path / "2" / path.name).read_bytes()


def test_metrics_without_their_inputs_are_skipped_and_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = write_trace(tmp_path / "run.h5", inputs=False)
    assert main(["analyze", str(run)]) == 0
    text = capsys.readouterr().out
    for name in ("feature_coverage", "match_accuracy", "basis_average", "sisc_adherence"):
        assert f"skipped {name}: the trace has no inputs\n" in text
    assert "\n6 tables of " in text
    assert main(["analyze", str(run), "--metric", "match_accuracy"]) == 1
    assert capsys.readouterr().err == (
        f"sparsey-trace: {run}: expected a metric that can be computed, found none "
        "(match_accuracy: the trace has no inputs)\n"
    )


def test_a_table_without_lines_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = write_trace(tmp_path / "run.h5", steps=3)
    assert main(["analyze", str(run), "-m", "match_accuracy"]) == 0
    assert "match_accuracy has no lines: no sample of the trace has a value\n" in capsys.readouterr().out
    # A curve has lines, but none of a summary.
    assert main(["analyze", str(run), "-m", "sisc_curve"]) == 0
    assert "\nsisc_curve" not in capsys.readouterr().out


def test_a_trace_that_is_still_written_is_analyzed_as_far_as_it_goes(tmp_path: Path) -> None:
    with being_written(tmp_path / "run.h5", committed=2) as run:
        assert shared_server().run(RUN, "analyze", run, *QUICK).returncode == 0
    table = pq.read_table(run.with_name("run.metrics") / "basis_set_size.parquet")
    assert table["step"].to_pylist()[-1] == 1


def damaged(change: Callable[[h5py.File], Any]) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        write_trace(path)
        with h5py.File(path, "r+") as file:
            change(file)

    return make


def truncated(path: Path) -> None:
    write_trace(path)
    path.write_bytes(path.read_bytes()[:-1000])


def of_another_kind(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["weights"] = 1


def overwritten(path: Path) -> None:
    """Flip the bytes of one chunk, behind HDF5's back."""
    write_trace(path)
    with h5py.File(path) as file:
        chunk = file["layers/1/codes"].id.get_chunk_info(0)
    content = bytearray(path.read_bytes())
    for byte in range(chunk.byte_offset, chunk.byte_offset + chunk.size):
        content[byte] ^= 255
    path.write_bytes(content)


BAD = {
    "no file": (lambda path: None, "expected a trace file, found no such file"),
    "a folder": (Path.mkdir, "expected a trace file, found a folder"),
    "no HDF5": (
        lambda path: path.write_text("not HDF5"),
        "expected a sparsey-trace file (HDF5), found a file that isn't HDF5",
    ),
    "another kind": (
        of_another_kind,
        "expected HDF5 as a trace is written (superblock 3), found another kind (superblock 0), ",
    ),
    "truncated": (truncated, "expected a whole file, found a truncated one"),
    "empty": (
        lambda path: write_trace(path, steps=0),
        "expected at least one committed sample, found an empty trace",
    ),
    "newer": (
        damaged(lambda file: file.attrs.__setitem__("format_version", 4)),
        "expected format version 3, found 4: a newer sparsey-trace wrote it; upgrade with "
        "`pip install -U sparsey-trace`",
    ),
    "no codes": (
        damaged(lambda file: file.__delitem__("layers/1/codes")),
        "expected a trace as docs/trace-format.md describes it, found: ",
    ),
    "broken chunk": (overwritten, "expected to read samples 0 to 32 of layers/1/codes, found: "),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_trace_is_one_line_and_exit_1_and_leaves_nothing_behind(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make, message = BAD[kind]
    run, out = tmp_path / "bad.h5", tmp_path / "out"
    make(run)
    assert main(["analyze", str(run), "-o", str(out)]) == 1
    found = capsys.readouterr()
    assert found.out == ""
    assert found.err.startswith(f"sparsey-trace: {run}: {message}")
    assert found.err.count("\n") == 1
    assert not out.exists() or list(out.iterdir()) == []


def test_a_bad_trace_through_the_command(tmp_path: Path) -> None:
    run = tmp_path / "notes.txt"
    run.write_text("not HDF5")
    found = sparsey_trace("analyze", run)
    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr == (
        f"sparsey-trace: {run}: expected a sparsey-trace file (HDF5), found a file that isn't HDF5\n"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-m", "basis_set_sise"], "found 'basis_set_sise' (did you mean basis_set_size?)"),
        (["-m", "match_accuracy:distanse=jaccard"], "found 'distanse' (did you mean distance?)"),
        (
            ["-m", "match_accuracy:distance=euclid"],
            "match_accuracy: distance: expected one of hamming, jaccard, found 'euclid'",
        ),
        (
            ["-m", "match_accuracy:distance"],
            "--metric: expected NAME or NAME:key=value,key=value, found 'match_accuracy:distance'",
        ),
        (["-m", "basis_set_size", "-m", "basis_set_size"], "expected each name once"),
        (["--resolution", "batch"], "resolution: expected one of sample, step, epoch, run, found 'batch'"),
        (["--reduction", "median"], "reduction: expected one of none, layerwise_mean, "),
        (["-m", "basis_average", "--reduction", "sum"], "basis_average: reduction: expected none, sparse"),
        (
            ["--engine", "spark"],
            "engine: expected one of auto, serial, threads, processes, dask, found 'spark'",
        ),
        (["--n-jobs", "0"], "n_jobs: expected -1 (one for each core) or at least 1, found 0"),
        (["--chunk-size", "0"], "chunk_size: expected at least 1 sample, found 0"),
        (["--total-memory", "lots"], "total_memory: expected bytes, or a text such as '800M' or '1G'"),
    ],
)
def test_a_wrong_option_is_one_line_and_exit_2_and_makes_no_folder(
    arguments: list[str], message: str, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["analyze", str(run), *arguments]) == 2
    found = capsys.readouterr()
    assert found.out == ""
    assert found.err.startswith("sparsey-trace: ")
    assert message in found.err
    assert found.err.count("\n") == 1
    assert not run.with_name("run.metrics").exists()


def test_a_folder_that_holds_something_else_is_refused(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    found = sparsey_trace("analyze", run, "-o", out)
    assert (found.returncode, found.stdout) == (2, "")
    assert found.stderr == (
        f"sparsey-trace: {out}: expected an empty folder, or earlier results of {run}, found notes.txt; "
        "choose another folder\n"
    )
    assert [path.name for path in out.iterdir()] == ["notes.txt"]


def test_another_traces_results_are_refused_and_left_as_they_are(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    other = write_trace(tmp_path / "other.h5", steps=2)
    assert main(["analyze", str(other), "-o", str(out), *QUICK]) == 0
    before = (out / "basis_set_size.parquet").read_bytes()
    assert main(["analyze", str(run), "-o", str(out), *QUICK]) == 2
    assert "found results of another trace (basis_set_size.parquet)" in capsys.readouterr().err
    assert (out / "basis_set_size.parquet").read_bytes() == before


def test_earlier_results_of_the_same_trace_are_replaced(run: Path) -> None:
    for resolution in ("step", "run"):
        assert main(["analyze", str(run), *QUICK, "--resolution", resolution]) == 0
    assert "step" not in pq.read_schema(run.with_name("run.metrics") / "basis_set_size.parquet").names


def test_a_folder_that_cannot_be_made_is_refused(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = run / "out"
    assert main(["analyze", str(run), "-o", str(out)]) == 2
    assert capsys.readouterr().err.startswith(
        f"sparsey-trace: {out}: expected to write results there, found: [Errno 20] Not a directory"
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_refused(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    out.mkdir(mode=0o500)
    assert main(["analyze", str(run), "-o", str(out), *QUICK]) == 2
    assert "out/.analysis: expected to make a file there, found: [Errno 13]" in capsys.readouterr().err


def test_explain_shows_what_would_be_done_and_does_nothing(run: Path) -> None:
    folder = run.with_name("run.metrics")
    found = sparsey_trace("analyze", run, "--explain", *QUICK)
    assert (found.returncode, found.stderr) == (0, "")
    lines = found.stdout.splitlines()
    assert lines[:-1] == [
        f"{run}: 32 samples, tables in {folder}",
        "  basis_set_size: computed, as there is no basis_set_size.parquet",
        "pass 1: 32 samples, reads active, codes",
        "  fold of basis_set_size: computed, as nothing was kept of it",
        f"pass 2: 32 samples, reads {', '.join(sorted(st.metrics.BasisSetSize.values_require)) or 'steps only'}",
        "  rows of basis_set_size from sample 0 on",
    ]
    assert lines[-1].startswith("engine serial, n_jobs 1, ")
    assert not folder.exists()


def test_explain_as_json(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", str(run), *QUICK]) == 0
    capsys.readouterr()
    assert main(["analyze", str(run), "--explain", "--json", *QUICK]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["tables"] == [{"metrics": ["basis_set_size"], "known": 32, "why": ""}]
    assert (found["passes"], found["samples"]) == ([], 32)
    assert main(["analyze", str(run), "--explain", "--no-cache", "--json", *QUICK]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["tables"] == [{"metrics": ["basis_set_size"], "known": 0, "why": "no cache is used"}]
    assert len(found["passes"]) == 2


def test_analysing_again_shows_the_same(run: Path) -> None:
    first = sparsey_trace("analyze", run)
    again = sparsey_trace("analyze", run)
    anew = sparsey_trace("analyze", run, "--no-cache")
    assert first.stdout == again.stdout == anew.stdout
    assert (again.returncode, again.stderr) == (0, "")


def test_a_damaged_table_is_a_line_on_standard_error(run: Path) -> None:
    first = sparsey_trace("analyze", run, *QUICK)
    table = run.with_name("run.metrics") / "basis_set_size.parquet"
    sound = table.read_bytes()
    table.write_bytes(sound[:-100])
    again = sparsey_trace("analyze", run, *QUICK)
    assert (again.returncode, again.stdout) == (0, first.stdout)
    assert again.stderr == (
        f"sparsey-trace: CacheWarning: {table}: expected the table as it was written, found it changed; "
        "it is computed anew\n"
    )
    assert table.read_bytes() == sound


def test_help_of_analyze_names_every_choice(capsys: pytest.CaptureFixture[str]) -> None:
    main(["analyze", "--help"])
    words = capsys.readouterr().out.replace(",", " ").replace(".", " ").split()
    for names in (resolution_names(), reduction_names(), engine_names()):
        assert set(names) <= set(words)


def test_every_option_of_analyze_has_its_flag() -> None:
    verb: Any = command().commands["analyze"]
    flags = {flag for parameter in verb.params for flag in parameter.opts}
    # A command line can name a client's scheduler only.
    names = set(inspect.signature(st.analyze).parameters) - {"source", "metrics", "client"}
    assert {f"--{name.replace('_', '-')}" for name in names} | {"--metric", "--scheduler"} <= flags
