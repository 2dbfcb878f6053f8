"""`sparsey-trace relabel`: what it says, and that `info` shows what was changed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sparsey_trace.cli.main import main
from tests.cli.commands import write_trace

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_it_says_how_many_labels_changed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, labels, out = write_trace(tmp_path / "run.h5"), tmp_path / "labels.csv", tmp_path / "new.h5"
    labels.write_text("sample,label\n3,77\n5,78\n")
    assert main(["relabel", str(path), "--labels", str(labels), "-o", str(out)]) == 0
    assert capsys.readouterr().out == f"{out}: 2 of 32 labels changed\n"
    assert main(["info", str(out)]) == 0
    assert "2 labels of 32 samples of trace " in capsys.readouterr().out
    assert main(["relabel", str(path), "--labels", str(labels), "-o", str(out), "--overwrite", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "trace": str(path),
        "out": str(out),
        "samples": 32,
        "changed": 2,
    }
