"""What the documents show is what happens."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from sparsey_trace.metrics import available
from sparsey_trace.replay import analyze

if TYPE_CHECKING:
    import pytest

ROOT = Path(__file__).parents[1]


def blocks(page: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)


def test_the_readme_reads_and_analyzes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sparsey_trace as st

    monkeypatch.chdir(tmp_path)
    (tmp_path / "run.h5").symlink_to(ROOT / "sample_traces" / "digits.h5")
    analyze("run.h5", metrics=["basis_set_size"], resolution="step", out="run.metrics")
    _, in_pandas, in_python, reading = blocks("README.md")
    names = {"st": st, "pd": pd}
    for example in (in_pandas, in_python.replace("n_jobs=2", "n_jobs=1"), reading):
        exec(compile(example, "README.md", "exec"), names)
    assert len(names["result"]) == 3


def test_every_metric_is_on_the_page() -> None:
    page = (ROOT / "docs" / "metrics.md").read_text()
    assert [name for name in available() if f"### {name}\n" not in page] == []
