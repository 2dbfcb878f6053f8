"""However a run keeps its inputs, those that come back are known again; and a run goes on with another kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from sparsey_trace.layout import LayerLayout, Layout
from sparsey_trace.metrics import MatchAccuracy
from sparsey_trace.replay.analyze import analyze
from sparsey_trace.replay.engine.task import Task
from sparsey_trace.replay.engine.worker import SharedTrace
from sparsey_trace.trace.format.run_part import RunPart
from sparsey_trace.trace.reading.open_trace import Snapshot, open_trace
from sparsey_trace.trace.writing.writer import TraceWriter
from tests.replay.cache.folders import anew, content

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

LAYOUT = Layout(
    num_features=5,
    layers=[LayerLayout(name="v1", num_macs=1, num_cms=2, num_neurons=3, connections=[[0, 1, 2]])],
)
BITS = (np.arange(1, 25)[:, None] >> np.arange(5)) & 1
KINDS: dict[str, Any] = {
    "binary": BITS,
    "uint8": BITS * 7,
    "int32": BITS * 70_000,
    "int64": BITS << 60,
    "float16": BITS * 0.5,
    "float32": BITS * 0.1,
    "float64": BITS * 1e-30,
}


def write(
    path: Path, inputs: list[NDArray[Any]], *, kind: str = "auto", part: RunPart | None = None, first: int = 0
) -> int:
    """A step of training and one of evaluation for each of these inputs [n, D], in orders of their own."""
    with TraceWriter(path, LAYOUT, inputs=kind, part=part) as writer:
        for number, shown in enumerate(inputs, first):
            rng = np.random.default_rng(number)
            for phase in ("train", "eval"):
                winners = rng.integers(3, size=(len(shown), 1, 2))
                active = np.ones((len(shown), 1), np.bool_)
                writer.append(inputs=rng.permutation(shown), codes=[winners], active=[active], phase=phase)
    return writer.num_committed


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "binary"])
def test_inputs_that_come_back_are_known_again(tmp_path: Path, kind: str) -> None:
    for name in ("binary", kind):
        write(tmp_path / f"{name}.h5", [KINDS[name]] * 3, kind=name)
    expected, found = (
        analyze(tmp_path / f"{name}.h5", metrics=["match_accuracy"], resolution="sample")["match_accuracy"]
        for name in ("binary", kind)
    )
    with open_trace(tmp_path / f"{kind}.h5") as trace:
        assert trace.input_kind == kind
    assert found.num_rows == 3 * len(BITS)
    assert found.drop(["distance"]).to_pylist() == expected.drop(["distance"]).to_pylist()


@pytest.mark.parametrize("kind", KINDS)
def test_samples_are_recalled_as_chunks_have_them(tmp_path: Path, kind: str) -> None:
    write(tmp_path / "run.h5", [KINDS[kind]], kind=kind)
    with open_trace(tmp_path / "run.h5") as trace:
        task = Task(trace=Snapshot.of(trace), resolution="step", reduction=None)
        shared = SharedTrace(task)
        try:
            recalled = shared.recall(np.array([3, 1]), frozenset({"inputs"})).inputs
        finally:
            shared.close()
        shown = trace.chunk(0, len(trace)).inputs
    assert recalled is not None
    assert shown is not None
    assert recalled.dtype == shown.dtype
    np.testing.assert_array_equal(recalled, shown[[3, 1]])


@pytest.mark.parametrize("size", [None, 3])
@pytest.mark.parametrize(
    "kinds", [("binary", "uint8"), ("uint8", "int32"), ("binary", "float32"), ("float32", "float64")], ids=str
)
def test_a_run_that_goes_on_with_another_kind_of_inputs(
    tmp_path: Path, kinds: tuple[str, str], size: int | None
) -> None:
    first, later = kinds
    run, options = (
        tmp_path / "run*.h5",
        {"metrics": [MatchAccuracy(reference_size=size)], "resolution": "sample"},
    )
    samples = write(tmp_path / "run.h5", [KINDS[first]] * 2, kind=first)
    analyze(run, out=tmp_path / "out", **options)
    part = RunPart(continues="run.h5", first_step=4, first_sample=samples)
    write(tmp_path / "run.1.h5", [KINDS[later], KINDS[first]], kind=later, part=part, first=4)
    analyze(run, out=tmp_path / "out", **options)
    assert content(tmp_path / "out") == anew(run, tmp_path / "anew", **options)
