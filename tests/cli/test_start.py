"""The command as it is installed, in a process of its own."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from sparsey_trace.cli.start import spare_collecting
from tests.cli.commands import COMMAND, installed, write_trace

if TYPE_CHECKING:
    from pathlib import Path


def test_version() -> None:
    found = installed("--version")
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout.startswith("sparsey-trace ")


def test_debug_shows_the_traceback_and_keeps_the_exit_code(tmp_path: Path) -> None:
    found = installed("info", tmp_path / "none.h5", "--debug")
    assert found.returncode == 1
    assert "Traceback (most recent call last)" in found.stderr
    assert found.stderr.splitlines()[-1] == (
        f"sparsey-trace: {tmp_path / 'none.h5'}: expected a trace file, found no such file"
    )


def test_names_are_printed_even_where_the_encoding_lacks_them(tmp_path: Path) -> None:
    run = write_trace(tmp_path / "läuft.h5")
    found = installed("info", run, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert found.returncode == 0
    assert "l\\xe4uft.h5" in found.stdout


def test_a_closed_pipe_is_no_error(tmp_path: Path) -> None:
    # More than a pipe holds, so that printing fails midway, and little, so that the last flush does.
    run = write_trace(tmp_path / "run.h5", config={"much": ["x" * 100] * 10_000})
    for arguments in (["info", run], ["info", run, "--json"], ["--help"], ["metrics"]):
        process = subprocess.Popen([COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdout.close()
        assert (process.stderr.read(), process.wait()) == (b"", 0)
        process.stderr.close()


def test_ctrl_c_is_quiet_from_the_first_moment() -> None:
    code = """
import sys
class Stop:
    def find_spec(self, name, *_):
        if name == "typer":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Stop())
from sparsey_trace.cli.start import run
run()
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout, found.stderr) == (130, "", "")


def test_nothing_is_looked_for_that_could_be_freed_until_all_is_loaded() -> None:
    usual, callbacks = gc.get_threshold(), list(gc.callbacks)
    spare_collecting()
    try:
        assert gc.get_threshold()[0] > 50_000
        gc.collect(0)
        assert gc.get_freeze_count()
        assert (gc.get_threshold(), gc.callbacks) == (usual, callbacks)
    finally:
        gc.unfreeze()
        gc.set_threshold(*usual)
