"""Groups are the same however a run is cut, and exact."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsey_trace.errors import DataError
from sparsey_trace.tables.groups import Groups
from sparsey_trace.testing import runs, split
from sparsey_trace.trace.reading.open_trace import open_trace
from tests.cli.commands import write_trace
from tests.faults import times

if TYPE_CHECKING:
    from pathlib import Path

    from sparsey_trace.chunk import Chunk
    from sparsey_trace.metrics.base import OverSamples


def grouped(chunk: Chunk, resolution: str, over_samples: OverSamples) -> Groups:
    """Groups of values that are told by the samples' numbers."""
    numbers = chunk.sample[:, None] * np.array([1, 3])
    values = numbers / 7 if over_samples == "mean" else numbers
    whole = np.arange(len(chunk))
    return Groups.of(chunk, whole, [values], resolution=resolution, over_samples=over_samples)


@pytest.mark.parametrize("over_samples", ["mean", "sum", "last"])
@given(run=runs().filter(len), data=st.data())
@settings(max_examples=times(8, 40), deadline=None)
def test_they_do_not_depend_on_chunks(over_samples: OverSamples, run: Chunk, data: st.DataObject) -> None:
    resolution = data.draw(st.sampled_from(["step", "epoch", "run"]))
    parts = [part for part in split(run, data.draw(st.lists(st.integers(0, len(run))))) if len(part)]
    expected = grouped(run, resolution, over_samples)
    found = grouped(parts[0], resolution, over_samples)
    for part in parts[1:]:
        found = found.followed_by(grouped(part, resolution, over_samples))
    for name in ("key", "step", "epoch", "phase", "samples"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    assert found.values().tobytes() == expected.values().tobytes()
    assert found.samples.sum() == len(run)


@given(run=runs().filter(len))
@settings(max_examples=times(5, 20), deadline=None)
def test_means_are_those_of_fractions(run: Chunk) -> None:
    found = grouped(run, "run", "mean").values()[:, 0]
    for phase, mean in zip(np.unique(run.phase), found, strict=True):
        numbers = run.sample[run.phase == phase].tolist()
        assert mean == pytest.approx(float(Fraction(sum(numbers), 7 * len(numbers))), abs=1e-11)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e10])
def test_values_that_cannot_be_added_exactly_are_refused(value: float, tmp_path: Path) -> None:
    with open_trace(write_trace(tmp_path / "run.h5", steps=1)) as trace:
        chunk = trace.chunk(0, 4)
    with pytest.raises(
        DataError, match=r"^values of a metric: expected finite numbers below 2147483648, found "
    ):
        Groups.of(chunk, np.arange(4), [np.full((4, 1), value)], resolution="run", over_samples="mean")


def test_values_of_any_size_are_added_exactly(tmp_path: Path) -> None:
    with open_trace(write_trace(tmp_path / "run.h5", steps=1)) as trace:
        chunk = trace.chunk(0, 4)
    values = np.array([[2.0**30 + 0.25, -3e7 - 1 / 3, -1.0, 2e-12]])
    found = Groups.of(chunk, np.arange(4), [values.repeat(4, axis=0)], resolution="run", over_samples="mean")
    np.testing.assert_allclose(found.values()[:1], values, rtol=0, atol=2.0**-40)
