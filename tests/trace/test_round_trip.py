"""What is written is what is read: every value of every column, however it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sparsey_trace.errors import TraceError
from sparsey_trace.layout import MARKS, NO_LABEL, PHASES, LayerLayout, Layout
from sparsey_trace.testing import runs, write_run
from sparsey_trace.trace.format import schema
from sparsey_trace.trace.reading.open_trace import open_trace
from sparsey_trace.trace.writing.writer import TraceWriter
from tests.faults import times
from tests.trace.feed import LAYOUT, check, feed, sent

if TYPE_CHECKING:
    from pathlib import Path

    from sparsey_trace.chunk import Chunk

# The fixtures are made once for all examples, which is meant.
one_folder = settings(
    max_examples=times(6, 25), suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of 4 samples, so that small runs have many of them, and a tail."""
    monkeypatch.setattr(schema, "_CHUNK_BYTES", 1)
    monkeypatch.setattr(schema, "_FEWEST", 4)


def assert_same(read: Chunk, run: Chunk) -> None:
    """Every value and dtype, and zeros where a MAC is silent."""
    assert read.layout == run.layout
    assert read.start == run.start
    for name in ("step", "epoch", "phase", *MARKS.values(), "inputs"):
        found, expected = getattr(read, name), getattr(run, name)
        np.testing.assert_array_equal(found, expected, err_msg=name)
        assert expected is None or found.dtype == expected.dtype, name
    for codes, active, wrote, on in zip(read.codes, read.active, run.codes, run.active, strict=True):
        np.testing.assert_array_equal(active, on)
        np.testing.assert_array_equal(codes, np.where(on[..., None], wrote, 0))
        assert (codes.dtype, active.dtype) == (wrote.dtype, np.bool_)


@one_folder
@given(run=runs(), commit_steps=st.sampled_from([None, 1, 2, 5]), size=st.sampled_from([1, 3, 4, 7, 50]))
def test_chunks(tmp_path: Path, run: Chunk, commit_steps: int | None, size: int) -> None:
    path = tmp_path / "run.h5"
    path.unlink(missing_ok=True)
    write_run(path, run, commit_steps=commit_steps)
    with open_trace(path) as trace:
        assert (len(trace), trace.num_steps) == (len(run), len(np.unique(run.step)))
        assert trace.chunk_size == 4
        chunks = list(trace.chunks(size))
        assert [chunk.start for chunk in chunks] == list(range(0, len(run), size))
        for chunk in chunks:
            assert_same(chunk, run[chunk.start : chunk.start + size])
        assert_same(trace.chunk(0, len(trace)), run)


def test_an_empty_trace(tmp_path: Path) -> None:
    TraceWriter(tmp_path / "run.h5", LAYOUT).close()
    with open_trace(tmp_path / "run.h5") as trace:
        assert (len(trace), trace.num_steps, trace.closed, list(trace.chunks())) == (0, 0, True, [])
        assert trace.inputs[:].shape == (0, 13)
        assert trace.layers[1].codes[[]].shape == (0, 3, 2)
        assert len(trace.chunk(0, 5)) == 0
        assert trace.samples.to_pandas().empty
        with pytest.raises(IndexError, match="inputs: expected one of 0 samples, found number 0"):
            _ = trace.inputs[0]
    assert "<Trace " in repr(trace)


@pytest.mark.parametrize("size", [1, 4, 5, 1000])
def test_steps_that_are_larger_than_a_chunk(tmp_path: Path, size: int) -> None:
    with TraceWriter(tmp_path / "run.h5", LAYOUT) as writer:
        feed(writer, 0, range(3), most=size)
    with open_trace(tmp_path / "run.h5") as trace:
        assert trace.num_steps == 3
        check(trace, sent(0, 3, most=size))


@pytest.mark.parametrize("num_features", [1, 7, 8, 9, 64])
@pytest.mark.parametrize("num_macs", [1, 8, 9, 33])
@pytest.mark.parametrize("num_neurons", [1, 256, 65_535, 2**31])
def test_sizes_around_bytes_and_chunks(
    tmp_path: Path, num_features: int, num_macs: int, num_neurons: int
) -> None:
    part = LayerLayout(
        name="v1", num_macs=num_macs, num_cms=2, num_neurons=num_neurons, connections=[[0]] * num_macs
    )
    layout = Layout(num_features=num_features, layers=[part])
    with TraceWriter(tmp_path / "run.h5", layout) as writer:
        feed(writer, 0, range(3))
    with open_trace(tmp_path / "run.h5") as trace:
        assert trace.layout == layout
        check(trace, sent(0, 3, layout=layout))


TINY = Layout(
    num_features=4,
    input_shape=(2, 2),
    layers=[LayerLayout(name="v1", num_macs=1, num_cms=1, num_neurons=2, connections=[[0]])],
)


def write(path: Path, *inputs: Any, kind: str = "auto", **more: Any) -> None:
    """A trace with a step for each of these inputs."""
    with TraceWriter(path, TINY, inputs=kind) as writer:
        for given_inputs in inputs:
            size = 1 if given_inputs is None else len(given_inputs)
            codes, active = np.zeros((size, 1, 1), int), np.ones((size, 1))
            writer.append(inputs=given_inputs, codes=[codes], active=[active], phase="train", **more)


@pytest.mark.parametrize(
    ("given_inputs", "asked", "kept", "dtype"),
    [
        ([[0, 1, 1, 0]], "auto", "binary", "u1"),
        ([[False, True, True, False]], "auto", "binary", "u1"),
        ([[0.0, 1.0, -0.0, 1.0]], "auto", "binary", "u1"),
        ([[[0, 1], [1, 0]]], "auto", "binary", "u1"),
        ([[0, 2, 1, 255]], "auto", "uint8", "u1"),
        ([[0, 256, 1, -1]], "auto", "int32", "i4"),
        (np.array([[0.5, 2, 1, 0]], "f2"), "auto", "float16", "f2"),
        ([[0, 2, 1, 0]], "int64", "int64", "i8"),
        (np.array([[0.1, 1e300, 0, -5]]), "float64", "float64", "f8"),
        ([[0, 0.5, 1, -1e-40]], "auto", "float32", "f4"),
        ([[0, 1, 1, 0]], "float32", "float32", "f4"),
        ([[0.25, -1, 1e4, 0]], "float16", "float16", "f2"),
        (np.array([[0.1, 1e30, 0, -5]]), "float32", "float32", "f4"),
        (np.array([[0, 1, 2**40 + 1, -3]]), "auto", "int64", "i8"),
    ],
)
def test_kinds_of_inputs(tmp_path: Path, given_inputs: Any, asked: str, kept: str, dtype: str) -> None:
    write(tmp_path / "run.h5", given_inputs, kind=asked)
    with open_trace(tmp_path / "run.h5") as trace:
        assert (trace.input_kind, trace.inputs.dtype) == (kept, dtype)
        expected = np.asarray(given_inputs).reshape(1, 4).astype(dtype)
        np.testing.assert_array_equal(trace.inputs[:], expected)
        # Small kinds are for the disk; uint8 is for who computes what is on and off.
        computed = trace.chunk(0, 1).inputs
        assert computed.dtype == {"binary": "u1", "float64": "f8"}.get(
            kept, "i8" if kept[:3] == "int" else "f4"
        )
        np.testing.assert_array_equal(computed, expected)


def test_a_trace_without_inputs(tmp_path: Path) -> None:
    write(tmp_path / "run.h5", None, None)
    with open_trace(tmp_path / "run.h5") as trace:
        assert (trace.input_kind, trace.fields) == ("none", {"codes", "active"})
        assert trace.chunk(0, 2).inputs is None
        assert "<tr><td>inputs</td><td>none</td></tr>" in trace._repr_html_()
        with pytest.raises(TraceError) as caught:
            _ = trace.inputs
    path = tmp_path / "run.h5"
    assert str(caught.value) == f"{path}: expected a trace with inputs, found one recorded with inputs='none'"


def test_chosen_numbers_and_times(tmp_path: Path) -> None:
    with TraceWriter(tmp_path / "run.h5", TINY) as writer:
        for number, when, labels in ((5, 1.5, None), (2**62, -3.25, [NO_LABEL]), (None, 0, [-7])):
            writer.append(
                inputs=[[0, 1, 0, 1]],
                codes=[[[[1]]]],
                active=[[[1]]],
                phase=PHASES[1],
                epoch=-1,
                labels=labels,
                step=number,
                time=when,
            )
    with open_trace(tmp_path / "run.h5") as trace:
        assert trace.samples.step[:].tolist() == [5, 2**62, 2**62 + 1]
        assert trace.samples.time[:].tolist() == [1.5, -3.25, 0]
        assert trace.samples.label[:].tolist() == [NO_LABEL, NO_LABEL, -7]
        assert trace.samples.epoch[:].tolist() == [-1] * 3
        assert trace.num_steps == 3


def test_times_are_now_unless_given(tmp_path: Path) -> None:
    write(tmp_path / "run.h5", [[0, 0, 0, 1]])
    with open_trace(tmp_path / "run.h5") as trace:
        table = trace.samples.to_pandas()
        created = np.datetime64(trace.created.removesuffix("+00:00"))
        assert abs(table.time[0].tz_localize(None) - created) < np.timedelta64(1, "m")
