"""The words of a command line: empty ones, and `~` where no shell reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sparsey_trace.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("arguments", "where"),
    [
        (["info", ""], "argument 2"),
        (["analyze", "RUN", "-o", ""], "argument 4"),
        (["analyze", "RUN", "--out="], "--out"),
        (["compare", "RUN", ""], "argument 3"),
    ],
)
def test_an_empty_argument_is_not_the_current_folder(
    run: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], where: str
) -> None:
    before = sorted(run.parent.iterdir())
    assert main([argument.replace("RUN", str(run)) for argument in arguments]) == 2
    assert capsys.readouterr().err == (
        f"sparsey-trace: {where}: expected a value, found an empty one; is a variable of the shell without value?\n"
    )
    assert sorted(run.parent.iterdir()) == before


def test_the_home_is_known_in_quotes_and_behind_an_option(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", str(run.parent))
    assert main(["validate", "~/r*.h5"]) == 0
    for number, options in enumerate((["--out=~/0"], ["-o~/1"], ["-o", "~/2"])):
        assert main(["analyze", "~/run.h5", "-m", "basis_set_size", *options]) == 0
        assert (run.parent / f"{number}" / "basis_set_size.parquet").is_file()
    assert "~" not in capsys.readouterr().out
