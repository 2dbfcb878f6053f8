"""What a run comes to doesn't depend on how its samples were cut into steps, chunks or analyses."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pytest

import sparsey_trace as st
from sparsey_trace.charts.shared.matches import matches
from sparsey_trace.charts.shared.run import Run
from sparsey_trace.replay.analyze import by_sample
from sparsey_trace.replay.live import LiveRun
from sparsey_trace.tables import run_totals

if TYPE_CHECKING:
    from pathlib import Path

OF_TABLES = ("code_usage", "basis_set", "label_information", "sisc_curve")
"""What is told of these is what their tables say, which have other rows, or none, at other resolutions."""

RNG = np.random.default_rng(5)
SAMPLES, EPOCHS, MACS, CMS, NEURONS, FEATURES = 240, 2, (5, 3), 3, 4, 16
INPUTS = RNG.integers(2, size=(40, FEATURES))[RNG.integers(40, size=SAMPLES)]
CODES = [RNG.integers(NEURONS, size=(SAMPLES, macs, CMS)) for macs in MACS]
ACTIVE = [RNG.random((SAMPLES, macs)) < 0.7 for macs in MACS]


def layout() -> st.Layout:
    below, layers = FEATURES, []
    for number, macs in enumerate(MACS):
        wiring = [np.arange(below)[mac % 2 :: 2] for mac in range(macs)]
        layers.append(
            st.LayerLayout(
                name=f"v{number}", num_macs=macs, num_cms=CMS, num_neurons=NEURONS, connections=wiring
            )
        )
        below = macs
    return st.Layout(num_features=FEATURES, layers=layers)


def write(path: Path, *, eval_batch: int, train_batch: int = 8, epochs: int = EPOCHS) -> Path:
    """The same samples each time: in every epoch, two thirds of training, then one third of evaluation."""
    share = SAMPLES // epochs
    with st.TraceWriter(path, layout()) as writer:
        for epoch in range(epochs):
            for phase, first, last in (("train", 0, share * 2 // 3), ("eval", share * 2 // 3, share)):
                size = train_batch if phase == "train" else eval_batch
                for start in range(first, last, size):
                    part = epoch * share + np.arange(start, min(start + size, last))
                    writer.append(
                        inputs=INPUTS[part],
                        codes=[codes[part] for codes in CODES],
                        active=[active[part] for active in ACTIVE],
                        phase=phase,
                        epoch=epoch,
                        labels=part % 3,
                    )
    return path


def test_batches_of_evaluation_change_no_figure_no_rule_and_no_star(tmp_path: Path) -> None:
    runs = [write(tmp_path / f"{size}.h5", eval_batch=size) for size in (1, 8, 100)]
    first, *others = [st.analyze(run).summary_rows() for run in runs]
    assert len({row.metric for row in first}) >= 8
    for other in others:
        assert other == first  # bit for bit
    comparison = st.compare(runs)
    assert not comparison.table[["wins_now", "wins_best"]].any(axis=None)
    assert not comparison.table["change"].any()
    now = next(row.now for row in first if row.metric == "match_accuracy")
    assert comparison.check([f"match_accuracy[0]<{now}", "match_accuracy<-0", "sisc_adherence>+0"]) == []
    assert {violation.run for violation in comparison.check(f"match_accuracy[0]<{now + 0.01}")} == set(
        map(str, runs)
    )


def test_batches_of_training_change_only_what_is_about_earlier_steps(tmp_path: Path) -> None:
    runs = [write(tmp_path / f"{size}.h5", eval_batch=8, train_batch=size) for size in (1, 8, 100)]
    first, *others = [st.analyze(run).summary_rows() for run in runs]
    for other in others:
        same = [row for row in other if (row.metric, row.phase) != ("sisc_adherence", "train")]
        assert same == [row for row in first if (row.metric, row.phase) != ("sisc_adherence", "train")]
    assert all(row.samples for row in first)


def test_neither_do_they_change_what_is_watched_and_what_classes_come_to(tmp_path: Path) -> None:
    found = []
    for size in (1, 8, 100):
        with st.open_trace(write(tmp_path / f"{size}.h5", eval_batch=size, train_batch=size)) as trace:
            tables = st.analyze(trace, metrics=["match_accuracy"])
            run = Run(name="", trace=trace, tables=tables, by_sample=partial(by_sample, n_jobs=1))
            by_class = [(layer.chance, layer.samples, vars(layer.by_class)) for layer in matches(run)]
            found.append((LiveRun(trace).catch_up().layers, by_class))
    for watched, by_class in found[1:]:
        assert watched == found[0][0]
        np.testing.assert_equal(by_class, found[0][1])


@pytest.mark.parametrize("resolution", ["sample", "epoch", "run"])
def test_neither_do_resolution_reduction_chunks_and_jobs(tmp_path: Path, resolution: str) -> None:
    run = write(tmp_path / "run.h5", eval_batch=8)
    names = [name for name in st.metrics.available() if name not in OF_TABLES]
    expected = st.analyze(run, metrics=names).summary_rows()
    found = st.analyze(run, metrics=names, resolution=resolution, chunk_size=17, n_jobs=2)
    assert found.summary_rows() == expected
    reduced = st.analyze(run, reduction="mean", metrics=["feature_coverage"]).summary_rows()
    assert reduced == [row for row in expected if row.metric.startswith("feature_coverage")]


def test_of_a_run_of_one_epoch_the_last_training_samples_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_totals, "LATELY", 50)
    run = write(tmp_path / "run.h5", eval_batch=8, epochs=1)
    by_sample = st.analyze(run, metrics=["feature_coverage", "num_activations"], resolution="sample")
    late = {
        name: by_sample.to_pandas(name).query("phase == 'train' and sample >= 110")
        for name in ("feature_coverage", "num_activations")
    }
    for size in (1000, 7):
        summary = st.analyze(run, chunk_size=size).summary().set_index(["metric", "phase", "layer"])
        for name, table in late.items():
            means = table.groupby("layer")["value"].mean()
            for layer in range(len(MACS)):
                row = summary.loc[name, "train", layer]
                assert (row["samples"], row["now"]) == (50, pytest.approx(means[layer], rel=1e-6))
        sizes = st.analyze(run, metrics=["basis_set_size"], resolution="sample").to_pandas("basis_set_size")
        means = sizes.groupby(["layer", "sample"])["value"].mean()
        for layer in range(len(MACS)):
            grown = (means[layer, 159] - means[layer, 109]) / 50 * 100
            assert summary["now"]["basis_set_size_increase", "train", layer] == pytest.approx(grown)
            assert summary["now"]["basis_set_size", "train", layer] == means[layer, 159]
        assert set(summary.loc["match_accuracy"]["samples"]) == {80}


def test_a_run_that_has_grown_comes_to_the_same_as_one_analysed_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_totals, "LATELY", 20)
    growing, rows = tmp_path / "run.h5", []
    with st.TraceWriter(growing, layout()) as writer:
        for start in range(0, SAMPLES, 80):
            part = slice(start, start + 80)
            writer.append(
                inputs=INPUTS[part],
                codes=[codes[part] for codes in CODES],
                active=[active[part] for active in ACTIVE],
                phase="eval" if start == 160 else "train",
            )
            writer.commit()
            rows = st.analyze(growing, out=tmp_path / "out").summary_rows()
            assert rows == st.analyze(growing).summary_rows()
    assert {row.samples for row in rows if row.metric == "num_activations"} == {20, 80}


def test_the_area_is_what_sizes_were_on_average(tmp_path: Path) -> None:
    run = write(tmp_path / "run.h5", eval_batch=8)
    sizes = st.analyze(run, metrics=["basis_set_size"], resolution="sample").to_pandas("basis_set_size")
    means = sizes.query("phase == 'train'").groupby("layer")["value"].mean()
    rows = st.analyze(run, metrics=["basis_set_size", "num_activations"]).summary_rows()
    found = {row.layer: row.area for row in rows if row.area is not None}
    assert found == {layer: pytest.approx(mean) for layer, mean in means.items()}


@pytest.mark.parametrize("chunk_size", [7, 1000])
def test_an_epoch_that_comes_back_is_now_since_it_came_back(tmp_path: Path, chunk_size: int) -> None:
    runs = {}
    for name, epochs in {"back": (0, 1, 0), "on": (0, 1, 2)}.items():
        with st.TraceWriter(tmp_path / f"{name}.h5", layout()) as writer:
            for number, epoch in enumerate(epochs):
                for phase, first, last in (("train", 0, 9), ("eval", 9, 15)):
                    part = 15 * number + np.arange(first, last)
                    codes, active = ([values[part] for values in of] for of in (CODES, ACTIVE))
                    writer.append(inputs=INPUTS[part], codes=codes, active=active, phase=phase, epoch=epoch)
        metrics = ["num_activations", "basis_set_size", "basis_set_size_increase", "match_accuracy"]
        found = st.analyze(writer.path, metrics=metrics, chunk_size=chunk_size)
        runs[name] = [
            (row.metric, row.phase, row.now, row.chance, row.samples) for row in found.summary_rows()
        ]
    assert runs["back"] == runs["on"]
    assert any(chance is not None for *_, chance, _ in runs["on"])
