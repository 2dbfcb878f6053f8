"""Exit codes, one-line errors, help and start-up."""

from __future__ import annotations

import inspect
import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
import typer

from sparsey_trace.cli.main import app, main
from sparsey_trace.cli.options.grouping import reduction_names, resolution_names
from sparsey_trace.cli.options.metric import metric_names
from sparsey_trace.cli.verbs.analyze import engine_names
from sparsey_trace.replay.analyze import analyze
from tests.cli.commands import COMMAND, being_written, installed, sparsey_trace, write_trace

if TYPE_CHECKING:
    from pathlib import Path

HEAVY = ("dask", "h5py", "numpy", "pandas", "pyarrow", "rich", "torch")


def loaded_by(code: str) -> set[str]:
    """Which heavy packages a new interpreter has loaded after running the code."""
    tell = f"import sys; print('LOADED', *sorted(set({HEAVY}) & set(sys.modules)))"
    found = subprocess.run(
        [sys.executable, "-c", f"{code}\n{tell}"], capture_output=True, text=True, check=True
    )
    return set(found.stdout.splitlines()[-1].split()[1:])


@pytest.mark.parametrize("arguments", [["--help"], ["analyze", "--help"], ["--version"], []])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    assert loaded_by(f"from sparsey_trace.cli.main import main; main({arguments})") == set()


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert loaded_by("import sparsey_trace") == set()


def test_analyzing_and_looking_need_no_torch(run: Path) -> None:
    for verb in ("analyze", "info", "validate"):
        code = f"from sparsey_trace.cli.main import main; assert main([{verb!r}, {str(run)!r}]) == 0"
        assert "torch" not in loaded_by(code)


def test_alone_it_says_what_to_do_next() -> None:
    found = sparsey_trace()
    assert found.returncode == 0
    assert "Usage: sparsey-trace" in found.stdout
    for verb in ("sparsey-trace demo", "sparsey-trace info RUN.h5", "sparsey-trace analyze RUN.h5"):
        assert verb in found.stdout


def test_help_of_analyze_names_every_choice(capsys: pytest.CaptureFixture[str]) -> None:
    main(["analyze", "--help"])
    words = capsys.readouterr().out.replace(",", " ").replace(".", " ").split()
    for names in (resolution_names(), reduction_names(), engine_names()):
        assert set(names) <= set(words)


def test_every_option_of_analyze_has_its_flag() -> None:
    command = typer.main.get_command(app).commands["analyze"]  # type: ignore[attr-defined]
    flags = {flag for parameter in command.params for flag in parameter.opts}
    names = set(inspect.signature(analyze).parameters) - {"source", "metrics"}
    assert {f"--{name.replace('_', '-')}" for name in names} | {"--metric"} <= flags


def test_alone_it_knows_what_is_there(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(run.parent)
    (run.parent / "notes.h5").write_text("no HDF5")
    with being_written(run.parent / "in $HOME.h5", committed=1):
        seen = []
        for _ in range(2):
            assert main([]) == 0
            seen.append(capsys.readouterr().out.partition("In this folder:\n")[2].splitlines())
            analyze(run, metrics=["num_activations"], out="run.metrics")
    watch = "sparsey-trace watch 'in $HOME.h5'"
    assert [line.split("  ")[2:3] for line in seen[0]] == [[watch], ["sparsey-trace analyze run.h5"]]
    assert [line.split("  ")[2:3] for line in seen[1]] == [[watch], ["sparsey-trace report run.h5"]]
    assert seen[1][1].endswith("  is analysed: its tables are in run.metrics")


def test_alone_it_says_nothing_of_a_folder_without_traces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([]) == 0
    assert "In this folder" not in capsys.readouterr().out


def test_a_file_that_is_nearly_there(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(run.with_name("rum.h5"))]) == 1
    assert capsys.readouterr().err == (
        f"sparsey-trace: {run.with_name('rum.h5')}: expected a trace file, found no such file "
        f"(did you mean {run}?)\n"
    )
    assert main(["info", str(run.with_name("other.h5"))]) == 1
    assert capsys.readouterr().err.endswith("found no such file\n")


def test_version() -> None:
    found = installed("--version")
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout.startswith("sparsey-trace ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["analyse"], "No such command 'analyse' (did you mean analyze?); see `sparsey-trace --help`"),
        (["analyze"], "Missing argument 'RUN.h5'; see `sparsey-trace analyze --help`"),
        (["analyze", "run.h5", "--n-job", "2"], "No such option: --n-job (did you mean --n-jobs?); see "),
        (["analyze", "run.h5", "--n-jobs", "two"], "Invalid value for '--n-jobs': "),
        (["demo", "--dataset", "cifar"], "Invalid value for '--dataset': 'cifar' is not one of 'digits', "),
        (
            ["demo", "--dataset", "mnsit"],
            "'mnsit' is not one of 'digits', 'mnist' (did you mean mnist?); see ",
        ),
        (["--nonsense"], "No such option: --nonsense; see `sparsey-trace --help`"),
    ],
)
def test_a_wrong_command_line_is_one_line_and_exit_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    found = capsys.readouterr()
    assert found.out == ""
    assert found.err.startswith("sparsey-trace: ")
    assert message in found.err
    assert found.err.count("\n") == 1


def test_debug_shows_the_traceback_and_keeps_the_exit_code(tmp_path: Path) -> None:
    found = installed("info", tmp_path / "none.h5", "--debug")
    assert found.returncode == 1
    assert "Traceback (most recent call last)" in found.stderr
    assert found.stderr.splitlines()[-1] == (
        f"sparsey-trace: {tmp_path / 'none.h5'}: expected a trace file, found no such file"
    )


def test_an_error_that_nobody_foresaw_is_one_line_too(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object, **__: object) -> None:
        msg = "first line\nsecond line"
        raise RuntimeError(msg)

    monkeypatch.setattr("sparsey_trace.replay.describe.facts", broken)
    assert main(["info", str(run)]) == 1
    assert capsys.readouterr().err == (
        "sparsey-trace: unexpected RuntimeError: first line second line; "
        "run it again with --debug to see where it comes from\n"
    )


def test_what_a_library_makes_of_ctrl_c_is_ctrl_c(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object, **__: object) -> None:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as error:
            msg = "numpy: failed to import"
            raise ImportError(msg) from error

    monkeypatch.setattr("sparsey_trace.replay.describe.facts", broken)
    assert main(["info", str(run)]) == 130
    assert capsys.readouterr().err == ""


def test_a_closed_pipe_is_no_error(tmp_path: Path) -> None:
    # More than a pipe holds, so that printing fails midway, and little, so that the last flush does.
    run = write_trace(tmp_path / "run.h5", config={"much": ["x" * 100] * 10_000})
    for arguments in (["info", run], ["info", run, "--json"], ["--help"], ["metrics"]):
        process = subprocess.Popen([COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdout.close()
        assert (process.stderr.read(), process.wait()) == (b"", 0)
        process.stderr.close()


def test_ctrl_c_is_quiet_from_the_first_moment() -> None:
    code = """
import sys
class Stop:
    def find_spec(self, name, *_):
        if name == "typer":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Stop())
from sparsey_trace.cli.start import run
run()
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout, found.stderr) == (130, "", "")


def test_ctrl_c_leaves_cleanly(tmp_path: Path) -> None:
    run, folder = write_trace(tmp_path / "run.h5", steps=400), tmp_path / "run.metrics"
    call = [COMMAND, "analyze", run, "--chunk-size", "1"]
    process = subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while not folder.exists():
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    assert process.communicate() == (b"", b"")
    assert process.returncode == 130
    assert not folder.exists()


def test_names_are_printed_even_where_the_encoding_lacks_them(tmp_path: Path) -> None:
    run = write_trace(tmp_path / "läuft.h5")
    found = installed("info", run, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert found.returncode == 0
    assert "l\\xe4uft.h5" in found.stdout


def test_what_steers_a_terminal_is_not_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(tmp_path / "a\x1b[31m\nb.h5")]) == 1
    assert "/a\\x1b[31m b.h5: expected " in capsys.readouterr().err


def test_metrics_lists_every_metric_with_its_parameters(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["metrics"]) == 0
    text = capsys.readouterr().out
    assert "basis_set_size  How many distinct codes" in text
    assert "    distance=hamming  (hamming or jaccard)" in text
    assert "    reference_size=none  (int or none)" in text
    assert main(["metrics", "--json"]) == 0
    found = {metric["name"]: metric for metric in json.loads(capsys.readouterr().out)["metrics"]}
    assert set(found) == {name for name, _ in metric_names()}
    assert found["match_accuracy"]["parameters"]["seed"] == {"default": 0, "type": "int"}
    assert found["basis_average"]["reductions"] == [None, "sparse"]
