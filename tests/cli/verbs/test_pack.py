"""`sparsey-trace pack`: what it says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sparsey_trace.cli.main import main
from tests.cli.commands import write_trace

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_it_says_what_it_came_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = write_trace(tmp_path / "run.h5"), tmp_path / "packed.h5"
    assert main(["pack", str(path), "-o", str(out)]) == 0
    before, after = path.stat().st_size, out.stat().st_size
    said = f"{out}: 32 samples; {before:,} bytes in 1 file before, {after:,} now\n"
    assert capsys.readouterr().out == said
    assert main(["pack", str(path), "-o", str(out), "--overwrite", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "traces": [str(path)],
        "out": str(out),
        "samples": 32,
        "files": 1,
        "before": before,
        "after": after,
    }
