"""Tables on a terminal and in a pipe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from sparsey_trace.cli.output.table import rich_table, write_table

if TYPE_CHECKING:
    import pytest


def test_markup_in_a_name_is_shown_not_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    Console().print(rich_table(["layer"], [["[red]v1[/red]"]], []))
    assert "[red]v1[/red]" in capsys.readouterr().out


def test_plain_tables_are_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    write_table(["name", "value"], [["a", "1"], ["longer", "1000000"]], numbers=["value"])
    assert capsys.readouterr().out == "name      value\na             1\nlonger  1000000\n"
