"""The sample traces are read as they are, in an environment without torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sparsey_trace.replay.analyze import analyze
from sparsey_trace.trace.format import schema
from sparsey_trace.trace.reading.open_trace import open_trace
from sparsey_trace.trace.rescue.validate import validate
from tests.reference import reference_table
from tests.table_counts import WITH_VALUES

FOLDER = Path(__file__).parents[1] / "sample_traces"

ANALYZE_WITHOUT_TORCH = """
import sys

class NoTorch:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError("torch is not installed here")

sys.meta_path.insert(0, NoTorch())
from sparsey_trace.cli.main import main
sys.exit(main(["analyze", sys.argv[1], "-o", sys.argv[2], "--n-jobs", "1"]))
"""


@pytest.mark.parametrize(("name", "samples", "megabytes"), [("digits", 3952, 2), ("mnist", 4400, 8)])
def test_they_are_sound(name: str, samples: int, megabytes: int) -> None:
    path = FOLDER / f"{name}.h5"
    assert path.stat().st_size < megabytes * 1_000_000
    assert validate(path).samples == samples
    with open_trace(path) as trace:
        assert trace.closed
        assert trace.config["dataset"] == name
        assert trace.version == schema.VERSION
        assert set(trace.samples.epoch[:].tolist()) == {0, 1}
        assert len(trace.layout.layers) == 3


def test_mnist_is_analyzed_without_torch(tmp_path: Path) -> None:
    call = [sys.executable, "-c", ANALYZE_WITHOUT_TORCH, FOLDER / "mnist.h5", tmp_path / "out"]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(list((tmp_path / "out").glob("*.parquet"))) == WITH_VALUES


def test_basis_sets_are_those_of_the_definition() -> None:
    path = FOLDER / "digits.h5"
    with open_trace(path) as trace:
        expected = reference_table("basis_set_size", trace.chunk(0, len(trace)), resolution="epoch")
    found = analyze(path, metrics=["basis_set_size"], resolution="epoch").to_pandas("basis_set_size")
    assert found["value"].tolist() == expected["value"].tolist()
