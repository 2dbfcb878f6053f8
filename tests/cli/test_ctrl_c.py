"""Ctrl-C, whatever a library makes of it."""

from __future__ import annotations

import signal
import subprocess
import time
from typing import TYPE_CHECKING

from sparsey_trace.cli.main import main
from tests.cli.commands import COMMAND, write_trace

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


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
