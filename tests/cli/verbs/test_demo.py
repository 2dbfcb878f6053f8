"""`sparsey-trace demo`: the real thing on few digits, and what it may replace."""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING

import pytest

import sparsey_trace as st
from sparsey_trace.cli.main import main
from sparsey_trace.cli.verbs.demo import Dataset
from sparsey_trace.trace.writing.disk_space import DiskSpace
from tests.cli.commands import sparsey_trace, write_trace
from tests.fork_server import shared_server
from tests.table_counts import WITH_VALUES

if TYPE_CHECKING:
    from pathlib import Path


def test_it_records_analyzes_and_may_replace_only_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch")
    folder = tmp_path / "demo"
    run, tables = folder / "digits.h5", folder / "digits.metrics"
    call = ["demo", "-o", str(folder), "--samples", "16", "--epochs", "1"]
    found = sparsey_trace(*call)
    assert found.returncode == 0
    assert found.stderr == f"{run}: recording a small Sparsey while it trains on digits\n"
    assert found.stdout.splitlines()[-2].startswith(f"{WITH_VALUES} tables of {run} in {tables}: ")
    assert found.stdout.splitlines()[-1].startswith(f"{folder / 'digits.html'}: report of 1 run, ")
    assert {path.name for path in folder.iterdir()} == {"digits.h5", "digits.html", "digits.metrics"}
    with st.open_trace(run) as trace:
        assert trace.closed
        assert trace.config["samples"] == 16

    assert main([*call, "--seed", "1"]) == 0
    assert f"{run}: replacing the earlier demo run and its results\n" in capsys.readouterr().err
    with st.open_trace(run) as trace:
        assert trace.config["seed"] == 1

    (tables / "notes.txt").write_text("mine")
    assert main(call) == 2
    assert "found notes.txt; choose another folder" in capsys.readouterr().err
    with st.open_trace(run) as trace:
        assert trace.config["seed"] == 1


@pytest.mark.parametrize("call", [["demo", "--samples", "16"], ["demo", "--study", "capacity"]])
def test_a_disk_that_is_full_ends_it_and_an_earlier_run_stays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, call: list[str]
) -> None:
    pytest.importorskip("torch")

    def require(space: DiskSpace, size: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(DiskSpace, "require", require)
    assert main([*call, "-o", str(tmp_path / "demo")]) == 2
    run = tmp_path / "demo" / ("capacity.h5" if "--study" in call else "digits.h5")
    assert (
        f"{run}: expected to write results there, found: [Errno 28] No space left on device\n"
    ) in capsys.readouterr().err
    assert list((tmp_path / "demo").iterdir()) == []


def test_what_is_no_report_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    page = tmp_path / "digits.html"
    page.write_text("mine")
    assert main(["demo", "-o", str(tmp_path)]) == 2
    assert f"{page}: expected no file there, or an earlier report" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["digits.html"]


def test_without_plotly_it_says_why_there_is_no_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch")
    monkeypatch.setitem(sys.modules, "plotly", None)
    found = sparsey_trace("demo", "-o", tmp_path, "--samples", "16", "--epochs", "1")
    assert found.returncode == 0
    assert found.stderr.splitlines()[-1] == (
        "no report: expected the package plotly, found it not installed; "
        'run pip install "sparsey-trace[report]"'
    )
    assert not (tmp_path / "digits.html").exists()


def test_what_is_no_demo_run_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    run = write_trace(tmp_path / "digits.h5", config={"dataset": "digits"})
    before = run.read_bytes()
    assert main(["demo", "-o", str(tmp_path)]) == 2
    assert capsys.readouterr().err == (
        f"sparsey-trace: {run}: expected nothing there, or an earlier demo's run, found another trace; "
        "choose another folder with -o\n"
    )
    assert run.read_bytes() == before
    run.write_text("mine")
    assert main(["demo", "-o", str(tmp_path)]) == 2
    assert "found another file; choose" in capsys.readouterr().err
    assert run.read_text() == "mine"


def test_results_of_another_trace_stay(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    (tmp_path / "digits.metrics").mkdir()
    (tmp_path / "digits.metrics" / "notes.txt").write_text("mine")
    assert main(["demo", "-o", str(tmp_path)]) == 2
    assert f"{tmp_path / 'digits.metrics'}: expected nothing there" in capsys.readouterr().err
    assert not (tmp_path / "digits.h5").exists()


def test_without_torch_it_says_what_to_install(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['torch'] = None; from sparsey_trace.cli.main import main;"
        "sys.exit(main(sys.argv[1:]))"
    )
    found = shared_server().run(code, "demo", "-o", tmp_path / "demo")
    assert (found.returncode, found.stdout) == (2, "")
    assert found.stderr == (
        "sparsey-trace: demo: expected torch to train with, found it not installed; "
        'run pip install "sparsey-trace[demo]"\n'
    )
    assert not (tmp_path / "demo").exists()


def test_its_data_sets_are_those_of_the_demo() -> None:
    training = pytest.importorskip("sparsey_trace.demo.training", exc_type=ImportError)
    assert {dataset.value for dataset in Dataset} == set(training.DEMOS)
