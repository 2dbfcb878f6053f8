"""`sparsey-trace export`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparsey_trace.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_it_names_what_it_made(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(run), "--to", "csv", "-m", "num_activations"]) == 0
    found = capsys.readouterr()
    assert (found.out, found.err) == (f"{run.with_suffix('.csv')}\n", "")
    assert (run.with_suffix(".csv") / "num_activations.csv").is_file()


def test_it_says_what_is_left_out(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = ["-m", "num_activations", "-m", "basis_average"]
    assert main(["export", str(run), "--to", "tensorboard", "-o", str(run.parent / "logs"), *wanted]) == 0
    assert capsys.readouterr().err == (
        "basis_average is left out: its values are lists, which tensorboard can't hold\n"
    )
    assert {path.name for path in (run.parent / "logs").iterdir()} == {"train", "eval"}


def test_what_is_there_is_left_alone(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(run), "--to", "netcdf", "-o", str(run)]) == 2
    assert capsys.readouterr().err == (
        f"sparsey-trace: {run}: expected nothing there, found a file; choose another place, or remove it\n"
    )


def test_an_unknown_form_is_named(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(run), "--to", "netcdff"]) == 2
    assert capsys.readouterr().err == (
        "sparsey-trace: to: expected one of tensorboard, csv, netcdf, zarr, found 'netcdff' (did you mean netcdf?)\n"
    )


def test_help_says_what_each_form_holds(capsys: pytest.CaptureFixture[str]) -> None:
    main(["export", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert "netcdf, zarr: the trace itself" in text
    assert "csv: the metrics' tables by step" in text
