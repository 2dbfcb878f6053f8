"""Chance is what a plain computation over all pairs finds, and so is the share of winners that agree."""

from __future__ import annotations

from itertools import permutations
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import sparsey_trace as st
from sparsey_trace.metrics.base import CODES_AND_ACTIVITY
from sparsey_trace.replay import chance
from sparsey_trace.replay.engine.memory import chunk_samples
from tests.cli.commands import LAYOUT
from tests.tables.test_run_totals import write

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

NEURONS = 4


def plain(
    measure: str, one: NDArray[Any], active: NDArray[Any], other: NDArray[Any], other_active: NDArray[Any]
) -> NDArray[Any]:
    """How alike codes are, each [..., Q] winners: [...]; not a number where nothing can be said of silence.

    Args:
        measure: how that is measured.
        one: codes.
        active: whether the MACs had them, [...].
        other: those that they are compared with.
        other_active: the same of these.
    """
    cms = one.shape[-1]
    shared = np.where(active & other_active, (one == other).sum(-1), 0)
    cells = cms * (active.astype(int) + other_active)
    if measure == "intersection":
        return np.where(active | other_active, shared / cms, np.nan)
    if measure == "hamming":
        return 1 - (cells - 2 * shared) / (cms * NEURONS)
    return shared / np.maximum(cells - shared, 1)


def expected(path: Path, measure: str, layer: int) -> float:
    with st.open_trace(path) as trace:
        samples = trace.samples.to_pandas()
        codes, active = trace.layers[layer].codes[:], trace.layers[layer].active[:]
    asked = samples.query(f"phase == 'eval' and epoch == {samples['epoch'].max()}")
    means = []
    for n, step in zip(asked["sample"], asked["step"], strict=True):
        before = training(samples, step)
        alike = plain(measure, codes[n], active[n], codes[before], active[before])  # [R, M]
        means.append([nanmean(of_mac) for of_mac in alike.T])
    return nanmean([nanmean(of_mac) for of_mac in zip(*means, strict=True)])


def training(samples: Any, step: int) -> list[int]:
    return list(samples["sample"][(samples["phase"] == "train") & (samples["step"] < step)])


def nanmean(values: Iterable[float]) -> float:
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else np.nan


@pytest.mark.parametrize("measure", ["hamming", "intersection", "jaccard"])
@pytest.mark.parametrize("epochs", [1, 2])
def test_chance_is_the_mean_over_all_pairs(tmp_path: Path, measure: Any, epochs: int) -> None:
    run = write(tmp_path / "run.h5", eval_batch=7, epochs=epochs)
    metric = st.metrics.MatchAccuracy(similarity=measure)
    rows = st.analyze(run, metrics=[metric], chunk_size=11).summary().set_index(["metric", "layer"])
    for layer in range(2):
        assert rows["chance"]["match_accuracy", layer] == pytest.approx(expected(run, measure, layer))
        winners = expected(run, "intersection", layer)
        assert rows["chance"]["match_accuracy_winners", layer] == pytest.approx(winners)


@pytest.mark.parametrize("measure", ["hamming", "jaccard"])
def test_chance_needs_no_pass_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, measure: Any
) -> None:
    """It is the same, bit for bit, gathered in a pass, read by itself, and counted of the neurons asked about."""
    run, metric = write(tmp_path / "run.h5", eval_batch=7), st.metrics.MatchAccuracy(similarity=measure)

    def rows() -> Any:
        return st.analyze(run, metrics=[metric], chunk_size=11).summary_rows()

    with monkeypatch.context() as patched:
        patched.setattr(chance, "chunk_samples", lambda *_: pytest.fail("read by itself"))
        expected_rows = rows()
    with monkeypatch.context() as patched:
        patched.setattr(chance, "_FEW", 0)
        assert rows() == expected_rows
    monkeypatch.setattr("sparsey_trace.replay.by_chunk.chances_of", lambda *_: None)
    assert rows() == expected_rows


class Marks:
    """A trace of which only phases and epochs are asked."""

    def __init__(self, phase: NDArray[np.uint8], epoch: NDArray[np.int32]) -> None:
        self.samples = SimpleNamespace(phase=phase, epoch=epoch)

    def __len__(self) -> int:
        return len(self.samples.phase)


def test_who_is_asked_and_drawn_does_not_hang_on_how_much_is_looked_at_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        epoch = np.repeat(rng.integers(3, size=6), rng.integers(4, size=6)).astype(np.int32)
        trace: Any = Marks(rng.integers(2, size=len(epoch)).astype(np.uint8), epoch)
        found = []
        for samples in (1000, 3, 1):
            monkeypatch.setattr(chance, "_AT_ONCE", samples)
            asked = [chance._asked(trace, each).tolist() for each in range(3)]
            monkeypatch.setattr(chance, "DRAWN", 4)
            found.append((chance._last_compared(trace), asked, chance._drawn(trace, 1).tolist()))
        assert found[1:] == found[:1] * 2
        evaluated = trace.samples.phase == 1
        for number, asked in enumerate(found[0][1]):
            mine = np.flatnonzero(evaluated & (epoch == number))
            # Of an epoch that came back those are asked behind which no other is evaluated before its last.
            last = mine[-1] if len(mine) else -1
            plain = [n for n in mine if (epoch[n:last][evaluated[n:last]] == number).all()]
            assert asked == plain


class Long(Marks):
    """A trace of ten million samples."""

    path, input_kind, layout = "run.h5", "binary", LAYOUT

    def __init__(self) -> None:
        pass

    def __len__(self) -> int:
        return 10_000_000


def test_codes_of_a_long_run_are_read_many_at_a_time() -> None:
    """As many of its chunks are kept as are at most; what that leaves for chance was the least of all sizes."""
    trace: Any = Long()
    assert chunk_samples(trace, CODES_AND_ACTIVITY, None, chance._MEMORY, 1) == 4096


def test_evaluation_within_training_meets_only_what_came_before(tmp_path: Path) -> None:
    run = tmp_path / "run.h5"
    rng = np.random.default_rng(1)
    wiring = [np.arange(8)] * 2
    layer = st.LayerLayout(name="v", num_macs=2, num_cms=3, num_neurons=NEURONS, connections=wiring)
    with st.TraceWriter(run, st.Layout(num_features=8, layers=[layer])) as writer:
        for step in range(20):
            writer.append(
                inputs=rng.integers(2, size=(3, 8)),
                codes=[rng.integers(NEURONS, size=(3, 2, 3))],
                active=[rng.random((3, 2)) < 0.5],
                phase="eval" if step % 3 == 0 else "train",
            )
    (row, *_) = st.analyze(run, metrics=["match_accuracy"]).summary_rows()
    with st.open_trace(run) as trace:
        first = trace.samples.step[:] == 0
    assert row.samples == 21 - first.sum()  # those of the first step have nothing to be compared with
    samples_with_candidates = row.chance
    assert samples_with_candidates == pytest.approx(_of_candidates(run))


def _of_candidates(run: Path) -> float:
    with st.open_trace(run) as trace:
        samples, view = trace.samples.to_pandas(), trace.layers[0]
        codes, active = view.codes[:], view.active[:]
    asked = samples.query("phase == 'eval' and step > 0")
    found = []
    for n, step in zip(asked["sample"], asked["step"], strict=True):
        before = training(samples, step)
        found.append(plain("hamming", codes[n], active[n], codes[before], active[before]).mean(axis=0))
    return float(np.mean(found))


@pytest.mark.parametrize("resolution", ["sample", "step", "epoch"])
def test_where_both_are_silent_there_is_no_value(tmp_path: Path, resolution: str) -> None:
    run = write(tmp_path / "run.h5", eval_batch=7)
    metric = st.metrics.MatchAccuracy(similarity="intersection")
    by_sample = st.analyze(run, metrics=["match_accuracy"], resolution="sample").to_pandas("match_accuracy")
    result = st.analyze(run, metrics=[metric], resolution=resolution)
    frame = result.to_pandas("match_accuracy")
    with st.open_trace(run) as trace:
        codes = [view.codes[:] for view in trace.layers]
        active = [view.active[:] for view in trace.layers]

    def value(row: Any) -> float:
        mine, other = (
            (codes[row.layer][n, row.mac], active[row.layer][n, row.mac])
            for n in (row.sample, row.nearest_sample)
        )
        return float(plain("intersection", *mine, *other))

    by_sample["value"] = [value(row) for row in by_sample.itertuples()]
    assert by_sample["value"].isna().any()
    keys = [name for name in (resolution, "layer", "mac") if name in frame]
    groups = by_sample.groupby(keys)["value"]
    found = frame.set_index(keys)["value"].sort_index()
    np.testing.assert_allclose(found, groups.mean().sort_index(), rtol=1e-6)
    assert result["match_accuracy"]["value"].null_count == found.isna().sum()
    if resolution != "sample":
        assert list(frame.set_index(keys)["samples"].sort_index()) == list(groups.count().sort_index())
    winners = result.summary().set_index(["metric", "layer"])["now"]
    last = by_sample.query("epoch == 1").groupby(["layer", "mac"])["value"].mean().groupby("layer").mean()
    for layer in range(2):
        assert winners["match_accuracy_winners", layer] == pytest.approx(last[layer])


def test_similar_winners_of_similar_inputs(tmp_path: Path) -> None:
    run = write(tmp_path / "run.h5", eval_batch=8)
    metric = st.metrics.SiscAdherence(similarity="intersection")
    found = st.analyze(run, metrics=[metric], resolution="sample").to_pandas("sisc_adherence")
    with st.open_trace(run) as trace:
        samples, inputs = trace.samples.to_pandas(), trace.inputs[:]
        codes, active = trace.layers[0].codes[:], trace.layers[0].active[:]
    for row in found.query("layer == 0").iloc[::97].itertuples():
        before = training(samples, row.step)
        alike = [
            (inputs[row.sample] & inputs[r]).sum() / max(1, (inputs[row.sample] | inputs[r]).sum())
            for r in before
        ]
        shared = [
            (codes[row.sample, row.mac] == codes[r, row.mac]).mean()
            if active[row.sample, row.mac] and active[r, row.mac]
            else 0.0
            for r in before
        ]
        norms = [max(1e-8, float(np.linalg.norm(vector))) for vector in (alike, shared)]
        expected_value = float(np.dot(alike, shared)) / norms[0] / norms[1] if before else 0.0
        assert row.value == pytest.approx(expected_value, abs=1e-6)


def write_codes(path: Path, codes: NDArray[Any], active: NDArray[Any]) -> Path:
    """A run of one training sample a step, and two of evaluation: codes [n, M, Q] and activity [n, M]."""
    macs, cms = codes.shape[1:]
    wiring = [np.arange(12)] * macs
    layer = st.LayerLayout(name="v", num_macs=macs, num_cms=cms, num_neurons=NEURONS, connections=wiring)
    inputs = np.random.default_rng(3).integers(2, size=(len(codes), 12))
    with st.TraceWriter(path, st.Layout(num_features=12, layers=[layer])) as writer:
        for n in range(len(codes)):
            phase = "train" if n < len(codes) - 2 else "eval"
            writer.append(inputs=inputs[[n]], codes=[codes[[n]]], active=[active[[n]]], phase=phase)
    return path


def shuffled(path: Path, measure: str) -> dict[str, float]:
    """By phase, the mean cosine over all ways to give out the codes of the training samples before each sample."""
    with st.open_trace(path) as trace:
        on, (layer,), steps = trace.inputs[:] != 0, trace.layers, trace.samples.to_pandas()
        codes, active = layer.codes[:], layer.active[:]
    found: dict[str, list[float]] = {"train": [], "eval": []}
    for n, step, phase in zip(steps["sample"], steps["step"], steps["phase"], strict=True):
        before = training(steps, step)
        joined = np.maximum((on[n] | on[before]).sum(axis=1), 1)
        inputs = (on[n] & on[before]).sum(axis=1) / joined
        alike = np.nan_to_num(plain(measure, codes[n], active[n], codes[before], active[before]))  # [R, M]
        for of_mac in alike.T if before else []:
            lengths = max(np.linalg.norm(inputs), 1e-8) * max(np.linalg.norm(of_mac), 1e-8)
            ways = permutations(of_mac)
            found[phase].append(float(np.mean([np.dot(inputs, way) / lengths for way in ways])))
        found[phase] += [] if before else [0.0] * codes.shape[1]
    return {phase: float(np.mean(values)) for phase, values in found.items()}


@pytest.mark.parametrize("measure", ["jaccard", "intersection"])
def test_of_similar_codes_chance_is_the_mean_over_all_ways_to_give_them_out(
    tmp_path: Path, measure: Any
) -> None:
    rng = np.random.default_rng(2)
    run = write_codes(tmp_path / "run.h5", rng.integers(NEURONS, size=(8, 3, 3)), rng.random((8, 3)) < 0.8)
    metrics = [st.metrics.SiscAdherence(similarity=measure)]
    for question in ({"chunk_size": 3}, {"resolution": "run", "reduction": "mean"}):
        rows = st.analyze(run, metrics=metrics, **question).summary_rows()
        assert [(row.metric, row.phase) for row in rows] == [
            ("sisc_adherence", "train"),
            ("sisc_adherence", "eval"),
        ]
        assert {row.phase: row.chance for row in rows} == pytest.approx(shuffled(run, measure))
    both = st.analyze(run, metrics=[*metrics, "sisc_curve"]).summary_rows()  # counted together
    assert both == rows


def test_codes_that_are_all_alike_follow_no_input(tmp_path: Path) -> None:
    alike = write_codes(tmp_path / "alike.h5", np.ones((8, 3, 3), np.uint8), np.ones((8, 3), np.bool_))
    rng = np.random.default_rng(2)
    other = write_codes(
        tmp_path / "other.h5", rng.integers(NEURONS, size=(8, 3, 3)), np.ones((8, 3), np.bool_)
    )
    for row in st.analyze(alike, metrics=["sisc_adherence"]).summary_rows():
        assert row.now is not None
        assert row.now > 0.5
        assert row.chance == pytest.approx(row.now)
    compared = st.compare([alike, other], metrics=["sisc_adherence"])
    assert all(not figures.wins for figures in compared.figures)
    assert [broken.why for broken in compared.check(["sisc_adherence<=chance"]) if "alike" in broken.run]
