"""Layers pair by name or number, and what isn't shared is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import sparsey_trace as st
from sparsey_trace.errors import TraceError
from sparsey_trace.trace.paths import default_folder
from tests.replay.runs import write_run

if TYPE_CHECKING:
    from pathlib import Path


def test_layers_pair_by_name_and_what_is_not_shared_is_said(tmp_path: Path) -> None:
    low = write_run(tmp_path / "low.h5", widths={"v1": 3, "v4": 2})
    high = write_run(tmp_path / "high.h5", seed=1, widths={"v1": 5, "v2": 4, "v4": 2}, inputs=False)
    comparison = st.compare([low, high])
    assert comparison.remarks == [
        "no label_information: no sample has a value",
        f"no feature_coverage of {high}: the trace has no inputs",
        f"no match_accuracy of {high}: the trace has no inputs",
        f"no basis_average of {high}: the trace has no inputs",
        f"no sisc_adherence of {high}: the trace has no inputs",
        f"no sisc_curve of {high}: the trace has no inputs",
        f"layer v2 is only in {high}",
        f"layer v1 isn't the same: 3 MACs of 2 CMs with 3 neurons in {low}; "
        f"5 MACs of 2 CMs with 3 neurons in {high}",
    ]
    v4 = comparison.table.query("layer == 'v4' and metric == 'num_activations' and phase == 'train'")
    assert list(v4["number"]) == [1, 2]
    rows = comparison.sheet().rows
    assert {row[0] for row in rows} == {
        "num_activations",
        "basis_set_size",
        "basis_set_size_increase",
        "code_usage",
        "basis_set",
    }
    assert {row[2] for row in rows} == {"v1", "v4"}
    means = [st.analyze(run, metrics=["num_activations"]).summary()["now"][0] for run in (low, high)]
    v1 = comparison.table.query("layer == 'v1' and metric == 'num_activations' and phase == 'train'")
    assert (list(v1["now"]), v1["change"].iloc[1]) == (means, means[1] - means[0])


def test_layers_without_a_common_name_pair_by_number(tmp_path: Path) -> None:
    a = write_run(tmp_path / "a.h5", widths={"v1": 3})
    b = write_run(tmp_path / "b.h5", seed=1, widths={"w1": 3, "w2": 2})
    comparison = st.compare([a, b], metrics=["num_activations"])
    assert list(comparison.table.query("phase == 'train'")["layer"]) == ["0", "0", "1"]
    assert comparison.remarks == [
        "layers are compared by number: they have no name in common",
        f"layer 1 is only in {b}",
    ]


def test_tables_know_the_names_of_layers(runs: list[Path]) -> None:
    folder = default_folder(runs[0])
    st.analyze(runs[0], metrics=["num_activations", "basis_set_size"], out=folder)
    comparison = st.compare([folder, runs[1]], metrics=["num_activations", "match_accuracy"])
    assert list(comparison.table["layer"].unique()) == ["v1", "v2"]
    assert comparison.remarks == [f"no match_accuracy of {folder}: found no match_accuracy.parquet"]


def test_a_metric_without_values_is_said(tmp_path: Path) -> None:
    short = [write_run(tmp_path / f"{seed}.h5", seed=seed, steps=3) for seed in (1, 2)]
    comparison = st.compare(short, metrics=["num_activations", "match_accuracy"])
    assert comparison.remarks == ["no match_accuracy: no sample has a value"]


def test_layers_without_figures_are_there_all_the_same(tmp_path: Path) -> None:
    short, long = (write_run(tmp_path / f"{steps}.h5", steps=steps) for steps in (1, 8))
    for metric, why in [
        ("match_accuracy", "no sample has a value"),
        ("sisc_adherence", "its values come to no figure"),
    ]:
        with pytest.raises(TraceError) as caught:
            st.compare([short, long], metrics=[metric])
        assert str(caught.value) == (
            f"{short}, {long}: expected runs that share a metric and a layer, found none shared "
            f"(no {metric} of {short}: {why})"
        )


def test_runs_without_any_figure_say_so(tmp_path: Path) -> None:
    short = [write_run(tmp_path / f"{seed}.h5", seed=seed, steps=1) for seed in (1, 2)]
    with pytest.raises(TraceError, match=r"found none shared \(no run has a figure of these\)$"):
        st.compare(short, metrics=["sisc_adherence"])
