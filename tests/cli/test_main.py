"""Exit codes, one-line errors, help and start-up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sparsey_trace.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_that_is_nearly_there(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(run.with_name("rum.h5"))]) == 1
    assert capsys.readouterr().err == (
        f"sparsey-trace: {run.with_name('rum.h5')}: expected a trace file, found no such file "
        f"(did you mean {run}?)\n"
    )
    assert main(["info", str(run.with_name("other.h5"))]) == 1
    assert capsys.readouterr().err.endswith("found no such file\n")


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


def test_what_steers_a_terminal_is_not_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(tmp_path / "a\x1b[31m\nb.h5")]) == 1
    assert "/a\\x1b[31m b.h5: expected " in capsys.readouterr().err
