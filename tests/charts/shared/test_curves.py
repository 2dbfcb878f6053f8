"""Curves say what the tables say, however many steps a point joins."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as hyp

import sparsey_trace as st
from sparsey_trace import Chunk
from sparsey_trace.charts.shared.curves import Curve, curves, increase
from sparsey_trace.layout import PHASES, TRAIN
from tests.charts.looks import RUNS, looked_at, run_of
from tests.faults import times
from tests.replay.runs import write_run

if TYPE_CHECKING:
    from pathlib import Path

    from sparsey_trace.charts.shared.run import Run

MEANS = ("feature_coverage", "match_accuracy", "sisc_adherence")


def table(run: Run, name: str) -> pd.DataFrame:
    """A metric's table with the number of training samples seen at the end of each step.

    SISC adherence of samples before which nothing was learnt is no value.
    """
    steps = pd.DataFrame({"step": run.steps.number, "seen": run.steps.seen, "size": run.steps.size})
    found = pq.read_table(run.tables.path(name)).to_pandas().merge(steps, on="step")
    if name == "sisc_adherence":
        learnt = steps["step"][run.steps.phase == TRAIN]
        found["value"] = found["value"].where(found["step"] > learnt.min())
    return found


def drawn(run: Run, name: str, **options: Any) -> dict[tuple[str, int], Curve]:
    return {(curve.phase, curve.layer): curve for curve in curves(run, name, **options)}


@given(chunk=RUNS, most=hyp.integers(2, 6))
@settings(deadline=None, max_examples=times(5, 40))
def test_a_point_is_the_mean_over_its_samples(chunk: Chunk, most: int) -> None:
    with looked_at(chunk, *MEANS) as run:
        for name in set(MEANS) & set(run.tables):
            found, frame = drawn(run, name, most=most), table(run, name)
            assert {phase for phase, _ in found} == set(frame["phase"][frame["value"].notna()])
            for (phase, layer), curve in found.items():
                mine = frame[(frame["phase"] == phase) & (frame["layer"] == layer) & frame["value"].notna()]
                values = mine.pivot(index="step", columns="mac", values="value")
                size, seen = (mine.groupby("step")[name].first() for name in ("size", "seen"))
                before = 0
                for point, last in enumerate(curve.step):
                    part = slice(before, last)  # pandas' slices by label hold both ends
                    np.testing.assert_allclose(
                        curve.values[point], means(values.loc[part], size.loc[part]), rtol=1e-9
                    )
                    assert seen.loc[part].max() == curve.seen[point]
                    before = last + 1
                assert before > mine["step"].max()
                np.testing.assert_allclose(curve.overall, means(values, size), rtol=1e-9)


def means(values: pd.DataFrame, size: pd.Series) -> Any:
    """Of each MAC, over the samples of the steps in which it has a value."""
    weights = values.notna().mul(size, axis=0)
    return (values.fillna(0) * weights).sum() / weights.sum()


@given(chunk=RUNS, most=hyp.integers(2, 6))
@settings(deadline=None, max_examples=times(5, 40))
def test_basis_set_sizes_are_those_at_the_end_of_a_point(chunk: Chunk, most: int) -> None:
    with looked_at(chunk, "basis_set_size") as run:
        if "basis_set_size" not in run.tables:
            return
        frame = table(run, "basis_set_size")
        for (phase, layer), curve in drawn(run, "basis_set_size", most=most).items():
            mine = frame[(frame["phase"] == phase) & (frame["layer"] == layer)]
            for step, values in zip(curve.step, curve.values, strict=True):
                np.testing.assert_array_equal(values, mine["value"][mine["step"] == step])
            np.testing.assert_array_equal(curve.overall, curve.values[-1])
            if phase == PHASES[TRAIN]:
                grown = increase(curve)
                codes = grown.values * np.diff(curve.seen, prepend=0)[:, None] / 100
                np.testing.assert_allclose(codes.cumsum(axis=0), curve.values)


@given(chunk=RUNS)
@settings(deadline=None, max_examples=times(4, 20))
def test_activations_are_shares_of_samples(chunk: Chunk) -> None:
    with looked_at(chunk) as run:
        for (phase, layer), curve in drawn(run, "num_activations", most=2).items():
            mine = chunk.phase == PHASES.index(phase)
            np.testing.assert_allclose(curve.overall, chunk.active[layer][mine].mean(axis=0))


def test_bands_leave_out_macs_without_a_value() -> None:
    values = np.array([[np.nan, 1.0, 3.0], [np.nan] * 3])
    curve = Curve(
        layer=0,
        name="v1",
        phase="train",
        seen=np.array([1, 2]),
        step=np.array([0, 1]),
        joined=1,
        values=values,
        overall=values[0],
    )
    np.testing.assert_array_equal(curve.mean, [2, np.nan])
    np.testing.assert_allclose(curve.quantile(0.1), [1.2, np.nan])
    assert dataclasses.replace(curve, values=values[:1]).quantile(1.0) == [3]


def test_a_missing_table_is_named_with_the_reason(tmp_path: Path) -> None:
    with st.open_trace(write_run(tmp_path / "run.h5", seed=1)) as trace:
        run = run_of(trace, st.analyze(trace, metrics=["num_activations"]))
        with pytest.raises(KeyError, match=r"expected one of num_activations, found 'sisc_adherence'"):
            curves(run, "sisc_adherence")
