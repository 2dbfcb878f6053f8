"""Standard streams that are closed, or take nothing more."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.cli.commands import COMMAND

if TYPE_CHECKING:
    from pathlib import Path

FULL = "expected to write results there, found: [Errno 28] No space left on device"


def call(run: Path, verb: str, redirected: str) -> subprocess.CompletedProcess[str]:
    """What a shell makes of a verb with redirected streams."""
    line = f'"{COMMAND}" {verb} "{run}" {redirected}'
    return subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_changes_no_exit_code_and_no_file(run: Path, closed: str) -> None:
    before = run.read_bytes()
    found = call(run, "analyze", closed)
    assert (found.returncode, found.stderr) == (0, "")
    assert (">&-" in closed.split()) == (found.stdout == "")
    assert (run.with_suffix(".metrics") / "basis_set_size.parquet").read_bytes()[:4] == b"PAR1"
    assert run.read_bytes() == before
    missing = call(run.with_name("other.h5"), "info", closed)
    assert (missing.returncode, missing.stdout) == (1, "")
    assert missing.stderr == "" if "2>&-" in closed else "found no such file" in missing.stderr


def test_standard_output_that_is_full_is_said(run: Path) -> None:
    for verb in ("validate", "info --json", "--help", "analyze --help"):
        found = call(run, verb, "> /dev/full")
        assert (found.returncode, found.stderr) == (2, f"sparsey-trace: standard output: {FULL}\n")
    found = call(run.with_name("other.h5"), "info", "2> /dev/full")
    assert (found.returncode, found.stdout, found.stderr) == (1, "", "")
