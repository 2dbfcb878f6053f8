"""`sparsey-trace repair`: what it says, and how it exits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import h5py
import pytest

from sparsey_trace.cli.main import main
from tests.trace.feed import sent, start_writer, write_closed

if TYPE_CHECKING:
    from pathlib import Path


def test_it_says_what_was_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = tmp_path / "run.h5", tmp_path / "out.h5"
    with start_writer(path, seed=0, steps=20, commit_every=1, chunk_bytes=1, end="exit") as writer:
        writer.stdout.read()
    size = len(sent(0, 20)["step"])
    assert main(["repair", str(path), "-o", str(out)]) == 0
    assert capsys.readouterr().out == (
        f"{out}: kept {size} of {size} committed samples, in 20 steps; lost 0\n"
    )
    assert main(["validate", str(out)]) == 0
    assert main(["repair", str(path), "-o", str(out)]) == 2
    assert "expected no file there, found one" in capsys.readouterr().err
    assert main(["repair", str(path), "-o", str(out), "--overwrite"]) == 0
    assert main(["repair", str(path), "-o", str(path), "--overwrite"]) == 2


def test_it_says_what_was_lost(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = write_closed(tmp_path / "run.h5", steps=20), tmp_path / "out.h5"
    with h5py.File(path, "r+") as file:
        file["progress/committed"][()], file["progress/closed"][()] = -1, 0
    assert main(["repair", str(path), "-o", str(out)]) == 0
    *_, lost, kept = capsys.readouterr().out.splitlines()
    assert lost.startswith(f"{path}: lost: progress: -1 samples committed and ")
    assert kept.startswith(f"{out}: kept ")
    assert kept.endswith(f"in 19 steps; lost {sum(sent(0, 20)['step'] == 19)}")


@pytest.mark.parametrize("content", [b"", b"nothing at all, but longer than the beginning of an HDF5 file"])
def test_nothing_to_be_had(tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "run.h5"
    path.write_bytes(content)
    assert main(["repair", str(path), "-o", str(tmp_path / "out.h5")]) == 1
    found = capsys.readouterr()
    assert found.out == ""
    assert found.err.count("\n") == 1
    assert [item.name for item in tmp_path.iterdir()] == ["run.h5"]
