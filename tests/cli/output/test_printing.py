"""On a terminal, in a pipe, without colour."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from sparsey_trace.cli.output.table import rich_table, write_table
from sparsey_trace.support.printable import count, printable
from tests.cli.commands import on_terminal, write_trace

if TYPE_CHECKING:
    from pathlib import Path


def test_a_terminal_gets_a_progress_bar_and_a_ruled_table(run: Path) -> None:
    seen = on_terminal("analyze", run)
    assert "replaying" in seen
    assert "\x1b[1mmetric" in seen
    assert "─────" in seen


def test_no_progress_bar_on_request(run: Path) -> None:
    assert "replaying" not in on_terminal("analyze", run, "--no-progress-bar")


@pytest.mark.parametrize(
    ("verb", "more", "what"),
    [("validate", [], "checking"), ("repair", ["-o", "out.h5"], "repairing"), ("analyze", [], "replaying")],
)
def test_what_takes_long_shows_rate_and_time_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str, more: list[str], what: str
) -> None:
    monkeypatch.chdir(tmp_path)
    seen = on_terminal(verb, write_trace(tmp_path / "run.h5", steps=3000), *more)
    assert re.search(rf"{what}.*100%.*[\d,]+ samples/s.*0:00:0\d", seen)


def test_no_color_is_respected(run: Path) -> None:
    seen = on_terminal("analyze", run, NO_COLOR="1")
    assert "\x1b[3" not in seen.replace("\x1b[?25", "")


def test_markup_in_a_name_is_shown_not_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    Console().print(rich_table(["layer"], [["[red]v1[/red]"]], []))
    assert "[red]v1[/red]" in capsys.readouterr().out


def test_plain_tables_are_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    write_table(["name", "value"], [["a", "1"], ["longer", "1000000"]], numbers=["value"])
    assert capsys.readouterr().out == "name      value\na             1\nlonger  1000000\n"


def test_printable() -> None:
    assert printable("a\nb\r\nc\td\x1b[2J\udc80 ä") == "a b c\\td\\x1b[2J\\udc80 ä"


def test_count() -> None:
    assert [count(number, "step") for number in (0, 1, 2000)] == ["0 steps", "1 step", "2,000 steps"]
