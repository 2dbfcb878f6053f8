"""The page on many runs: every block runs, and the three ways to ask give the same."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from tests.buckets import in_memory
from tests.cli.commands import sparsey_trace, write_trace
from tests.docs.test_queries import ROOT

PAGE = (ROOT / "docs" / "many-runs.md").read_text()


def test_every_block_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, lr in (("a", 0.1), ("b", 0.5)):
        Path("sweep", name).mkdir(parents=True)
        write_trace(Path("sweep", name, "run.h5"), config={"lr": lr})
    pyplot = pytest.importorskip("matplotlib.pyplot")
    with in_memory() as store:
        store.put("sweep", "/bucket/sweep", recursive=True)
        for line in re.findall(r"^sparsey-trace (?!analyze|compare|report)(.*)$", PAGE, re.MULTILINE):
            words = shlex.split(line.replace("s3://bucket/sweep/*", "memory://bucket/sweep/*/run"))
            assert sparsey_trace(*words, cwd=tmp_path).returncode == 0
    names: dict[str, Any] = {}
    answers = []
    for language, text in re.findall(r"```(python|sql)\n(.*?)```", PAGE, re.DOTALL):
        if language == "sql":
            answers.append(duckdb.sql(text).df())
            continue
        exec(compile(text, "docs/many-runs.md", "exec"), names)
        if "by_rate" in names:
            found = names.pop("by_rate")
            answers.append(found if isinstance(found, pd.DataFrame) else found.to_pandas())
    assert len(names["table"]) == 2
    assert names["names"] == ["a/run", "b/run"]
    in_duckdb, in_polars, in_pandas = answers
    assert in_duckdb["lr"].tolist() == [0.1, 0.1, 0.5, 0.5]
    for other in (in_polars, in_pandas):
        pd.testing.assert_frame_equal(other, in_duckdb, check_dtype=False, rtol=1e-5)
    assert len(names["comparison"].wide) == 2
    assert len(pyplot.get_fignums()) == 1
    pyplot.close("all")
    assert Path("sweep.html").exists()
