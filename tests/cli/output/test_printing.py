"""On a terminal, in a pipe, without colour."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from sparsey_trace.cli.main import main
from sparsey_trace.cli.output.printing import write_json
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


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_trace(tmp_path_factory.mktemp("long") / "run.h5", steps=3000)


@pytest.mark.parametrize(
    ("verb", "more", "what"),
    [("validate", [], "checking"), ("repair", ["-o", "out.h5"], "repairing"), ("analyze", [], "replaying")],
)
def test_what_takes_long_shows_rate_and_time_left(
    long: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str, more: list[str], what: str
) -> None:
    monkeypatch.chdir(tmp_path)
    seen = on_terminal(verb, long, *more)
    assert re.search(rf"{what}.*100%.*[\d,]+ samples/s.*0:00:0\d", seen)


def test_no_color_is_respected(run: Path) -> None:
    seen = on_terminal("analyze", run, NO_COLOR="1")
    assert "\x1b[3" not in seen.replace("\x1b[?25", "")


def test_json_has_null_where_numbers_are_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = {"rate": float("nan"), "bounds": [float("-inf"), 0.5, float("inf")], "NaN": "NaN"}
    trace = write_trace(tmp_path / "run.h5", config=config)
    assert main(["info", str(trace), "--json"]) == 0
    found = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert found["config"] == {"rate": None, "bounds": [None, 0.5, None], "NaN": "NaN"}
    write_json({"one": [float("nan")]}, indent=None)
    assert capsys.readouterr().out == '{"one": [null]}\n'
