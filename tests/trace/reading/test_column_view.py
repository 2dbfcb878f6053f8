"""A column is indexed like an array."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sparsey_trace.testing import runs, write_run
from sparsey_trace.trace.format import schema
from sparsey_trace.trace.reading.open_trace import open_trace
from sparsey_trace.trace.writing.writer import TraceWriter
from tests.faults import times
from tests.trace.feed import LAYOUT, feed, sent

if TYPE_CHECKING:
    from pathlib import Path

    from sparsey_trace.chunk import Chunk

# The fixtures are made once for all examples, which is meant.
one_folder = settings(
    max_examples=times(8, 50), suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of 4 samples, so that small runs have many of them, and a tail."""
    monkeypatch.setattr(schema, "_CHUNK_BYTES", 1)
    monkeypatch.setattr(schema, "_FEWEST", 4)


@one_folder
@given(run=runs(max_samples=20), data=st.data())
def test_a_column_is_indexed_like_an_array(tmp_path: Path, run: Chunk, data: st.DataObject) -> None:
    path, size = tmp_path / "run.h5", len(run)
    path.unlink(missing_ok=True)
    write_run(path, run, commit_steps=2)
    winners = np.where(run.active[0][..., None], run.codes[0], 0)
    numbers = st.integers(-size, size - 1) if size else st.nothing()
    indices = st.one_of(
        st.slices(size),
        st.lists(st.booleans(), min_size=size, max_size=size).map(lambda mask: np.array(mask, np.bool_)),
        st.lists(numbers, max_size=30 if size else 0).map(lambda found: np.array(found, np.int64)),
        numbers,
        st.sampled_from([..., (), slice(None)]),
    )
    with open_trace(path) as trace:
        columns = [trace.inputs, trace.samples.step, trace.layers[0].codes, trace.layers[0].active]
        inputs = run.inputs.astype(trace.columns["inputs"].dtype)
        np.testing.assert_array_equal(inputs, run.inputs)
        arrays = [inputs, run.step, winners, run.active[0]]
        for column, array in zip(columns, arrays, strict=True):
            assert (column.shape, column.dtype, len(column)) == (array.shape, array.dtype, size)
            np.testing.assert_array_equal(np.asarray(column), array)
            for index in data.draw(st.lists(indices, max_size=5)):
                np.testing.assert_array_equal(column[index], array[index])


def test_further_indices_apply_to_what_was_read(tmp_path: Path) -> None:
    with TraceWriter(tmp_path / "run.h5", LAYOUT) as writer:
        feed(writer, 0, range(5))
    codes = sent(0, 5)["codes 0"]
    with open_trace(tmp_path / "run.h5") as trace:
        column = trace.layers[0].codes
        np.testing.assert_array_equal(column[2:9, 3], codes[2:9, 3])
        np.testing.assert_array_equal(column[:, 3:5, 0], codes[:, 3:5, 0])
        np.testing.assert_array_equal(column[7, 3, 2], codes[7, 3, 2])
        np.testing.assert_array_equal(column[[5, 1, 5], :, 1], codes[[5, 1, 5], :, 1])
        np.testing.assert_array_equal(np.asarray(column, np.float32), codes)
        assert [row.tolist() for row in trace.samples.epoch] == sent(0, 5)["epoch"].tolist()
        with pytest.raises(ValueError, match="read from a file: expected copy=None or True, found False"):
            np.asarray(column, copy=False)


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        (12, "inputs: expected one of 12 samples, found number 12"),
        (-13, "inputs: expected one of 12 samples, found number -13"),
        ([0, 3, 100], "inputs: expected one of 12 samples, found number 100"),
        (10**6, "inputs: expected one of 12 samples, found number 1000000"),
        (np.zeros(8, np.bool_), "inputs: expected a mask of 12 samples, found shape (8,)"),
        (True, "inputs: expected a mask of 12 samples, found shape ()"),
        (1.0, "inputs: expected a slice, a mask or whole numbers, found float64"),
        ("x", "inputs: expected a slice, a mask or whole numbers, found <U1"),
        (None, "inputs: expected a slice, a mask or whole numbers, found object"),
        ((..., 0), "inputs: expected a slice, a mask or whole numbers, found object"),
        (2**70, "inputs: expected a slice, a mask or whole numbers, found object"),
    ],
)
def test_indices_that_are_refused(tmp_path: Path, index: Any, expected: str) -> None:
    with TraceWriter(tmp_path / "run.h5", LAYOUT) as writer:
        feed(writer, 0, range(2))
    with open_trace(tmp_path / "run.h5") as trace, pytest.raises(IndexError) as caught:
        _ = trace.inputs[index]
    assert str(caught.value) == expected
