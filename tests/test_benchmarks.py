"""The benchmarks' tables, goals and exponents; and that a case runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.__main__ import CASES, page
from benchmarks.tables import Figure, Goal, Table, exponent, number
from benchmarks.traces import LayerStatistics
from sparsey_trace import LayerLayout

ROOT = Path(__file__).parents[1]


def test_a_figure_is_a_median_with_its_spread() -> None:
    assert str(Figure((1.0, 5.0, 2.0))) == "2.00 (1.00 to 5.00)"
    assert str(Figure((3.5,))) == "3.50"
    assert str(Figure(tuple(range(101)))) == "50.0 (25.0 to 75.0)"
    assert Figure((1.0, 2.0, 4.0)).scaled(1e6).median == 2e6


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.00123456, "0.00123"), (9.876, "9.88"), (1234567.8, "1,234,568"), (-2.5, "-2.50")],
)
def test_numbers_have_three_digits(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("found", "at_least", "reached"), [(1.9, False, True), (2.1, False, False), (2.1, True, True)]
)
def test_goals_are_computed(found: float, at_least: bool, reached: bool) -> None:  # noqa: FBT001
    goal = Goal(what="speed", found=found, limit=2, unit="s", at_least=at_least)
    assert goal.is_reached == reached
    assert ("**not reached**" in goal.line()) != reached


def test_the_exponent_of_a_power_is_found() -> None:
    sizes = [10.0, 100.0, 1000.0]
    assert exponent(sizes, [7 * size**1.5 for size in sizes]) == pytest.approx(1.5)


def test_a_page_counts_goals_and_names_failures() -> None:
    goals = [Goal(what="a", found=1, limit=2, unit="s"), Goal(what="b", found=3, limit=2, unit="s")]
    table = Table("Both", ["what", "s"], [["a", "1"], ["b", "3"]], ["Two of them."], goals)
    text = page(["- machine: some"], {"case": [Table.from_json(table.as_json())]}, {"other": "it broke"})
    assert "## Goals: 1 of 2 reached" in text
    assert "| what | s |\n|---|---|\n| a | 1 |\n| b | 3 |" in text
    assert "## other\n\nFailed: it broke" in text


def test_codes_are_drawn_as_often_as_they_were_recorded() -> None:
    rng = np.random.default_rng(0)
    layout = LayerLayout(name="v1", num_macs=2, num_cms=1, num_neurons=4, connections=[[0], [1]])
    codes = np.stack([np.repeat([0, 1], [75, 25]), np.full(100, 3)], axis=1)[:, :, None].astype(np.uint8)
    active = np.stack([np.ones(100, bool), np.arange(100) < 50], axis=1)
    statistics = LayerStatistics.of(layout, codes, active)
    drawn, is_active = statistics.draw(rng, np.arange(100).repeat(50))
    assert (is_active == active.repeat(50, axis=0)).all()
    assert (drawn[:, 0] == 0).mean() == pytest.approx(0.75, abs=0.05)
    assert (drawn[:, 1] == 3).mean() == pytest.approx(1, abs=0.05)
    larger = statistics.respelt(rng, num_cms=8, num_neurons=16)
    assert larger.codes.shape == (100, 2, 8)
    assert len(np.unique(larger.codes[:, 0], axis=0)) == 2


def test_every_case_has_a_file() -> None:
    assert [name for name in CASES if not (ROOT / "benchmarks" / f"{name}.py").exists()] == []


def test_a_case_runs_and_is_written(tmp_path: Path) -> None:
    out = tmp_path / "results.md"
    command = [sys.executable, "-m", "benchmarks", "startup", "--size", "tiny", "--out", str(out)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, out.read_text()) == (0, done.stdout.removesuffix("\n"))
    assert "| python -c pass |" in done.stdout
    assert "- versions: Python" in done.stdout


def test_a_machine_without_a_device_is_told_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    torch = pytest.importorskip("torch")
    from benchmarks.on_device import compare, main

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(sys, "argv", ["on_device"])
    assert main() == 0
    assert capsys.readouterr().out.startswith("no CUDA device is here")
    monkeypatch.setattr("benchmarks.on_device.BLOCKS", 2)
    is_same, added, recorder = compare("cpu", 2, 3, is_default=True)
    assert (is_same, len(added.values), recorder.stats().steps) == (True, 2, 9)
