"""What the command says alone, of the traces in the current folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparsey_trace.cli.main import main
from sparsey_trace.replay.analyze import analyze
from tests.cli.commands import being_written

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


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
