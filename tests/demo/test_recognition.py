"""The study of storage capacity, in a size that is quickly recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sparsey_trace.cli.main import main
from sparsey_trace.demo import capacity
from sparsey_trace.demo.recognition import Recognition
from sparsey_trace.trace.reading.open_trace import open_trace

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capacity, "STORED", (10, 40))


def test_recognition_is_that_of_copies_of_what_is_stored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["demo", "--study", "capacity", "-o", str(tmp_path)]) == 0
    assert {path.name for path in tmp_path.iterdir()} == {"capacity.h5", "capacity.png"}
    said = capsys.readouterr().out
    assert "stored  exact  1 changed  2 changed  chance  codes" in said
    found = Recognition.of(tmp_path / "capacity.h5").table
    assert found["stored"].tolist() == [10, 40]
    with open_trace(tmp_path / "capacity.h5") as trace:
        run = trace.chunk(0, len(trace))
    inputs, codes = run.inputs, run.codes[0][:, 0]
    assert set(inputs[run.is_train].sum(axis=1)) <= {9, 10, 11, 12}
    for epoch, row in enumerate(found.to_dict("records")):
        stored = np.flatnonzero(run.is_train & (run.epoch <= epoch))
        asked = np.flatnonzero(~run.is_train & (run.epoch == epoch)).reshape(3, -1)
        for copies, changed, name in zip(asked, (0, 1, 2), ("exact", "1 changed", "2 changed"), strict=True):
            assert ((inputs[copies] != inputs[stored]).sum(axis=1) == changed).all()
            assert row[name] == pytest.approx((codes[copies] == codes[stored]).mean())
        pairs = codes[stored][:, None] == codes[stored]
        assert row["chance"] == pytest.approx(pairs.mean())
        assert row["codes"] == len(np.unique(codes[stored], axis=0))


def test_it_is_recorded_again_and_replaces_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "capacity.png"
    picture.write_text("mine")
    assert main(["demo", "--study", "capacity", "-o", str(tmp_path)]) == 2
    assert "found a file without the run that it is of; choose another folder" in capsys.readouterr().err
    assert picture.read_text() == "mine"
    picture.unlink()
    for seed in ("1", "2"):
        assert main(["demo", "--study", "capacity", "-o", str(tmp_path), "--seed", seed, "--json"]) == 0
    with open_trace(tmp_path / "capacity.h5") as trace:
        assert trace.config["seed"] == 2
    assert main(["demo", "--study", "capacity", "--epochs", "3"]) == 2
    assert "--study: expected it with --out, --seed and --json only, found it with" in capsys.readouterr().err
