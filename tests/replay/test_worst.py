"""The worst samples are those that a table by sample has, with what the trace knows of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

import sparsey_trace as st
from sparsey_trace.errors import TraceError, UsageError
from sparsey_trace.layout import MARKS
from sparsey_trace.replay.result import Result

if TYPE_CHECKING:
    import pandas as pd

RUN = Path(__file__).parents[2] / "sample_traces" / "digits.h5"


@pytest.fixture(scope="module")
def result() -> Result:
    metrics = [st.metrics.MatchAccuracy(similarity="jaccard"), "basis_average", "feature_coverage"]
    return st.analyze(RUN, metrics=metrics)


@pytest.fixture(scope="module")
def by_hand() -> pd.DataFrame:
    """Of each evaluation sample and layer, the mean over its MACs."""
    metric = st.metrics.MatchAccuracy(similarity="jaccard")
    table = st.analyze(RUN, metrics=[metric], resolution="sample").to_pandas("match_accuracy")
    keys = ["sample", "label", "nearest_sample", "distance", "layer_name"]
    return table.groupby(keys, observed=True, dropna=False, as_index=False)["value"].mean()


@pytest.mark.parametrize("layer", [None, 0, "last"])
def test_they_are_those_of_a_table_by_sample(
    result: Result, by_hand: pd.DataFrame, layer: int | str | None
) -> None:
    names = list(dict.fromkeys(by_hand["layer_name"]))
    layer = names[-1] if layer == "last" else layer
    if layer is not None:
        by_hand = by_hand[by_hand["layer_name"] == (names[layer] if isinstance(layer, int) else layer)]
    expected = by_hand.groupby(["sample", "nearest_sample", "distance"], as_index=False)["value"].mean()
    found = result.worst("match_accuracy", 12, layer=layer)
    assert len(found) == 12
    np.testing.assert_allclose(found["value"], np.sort(expected["value"])[:12], rtol=1e-6)
    mine = found.merge(expected, on=["sample", "nearest_sample", "distance"])
    np.testing.assert_allclose(mine["value_x"], mine["value_y"], rtol=1e-6)
    assert len(mine) == 12


def test_samples_and_their_nearest_are_those_of_the_trace(result: Result) -> None:
    found = result.worst("match_accuracy")
    assert list(found.columns) == [
        *("sample", "step", "epoch", "phase", *MARKS.values(), "value", "nearest_sample", "distance"),
        "nearest_label",
    ]
    assert len(found) == 20
    with st.open_trace(RUN) as trace:
        table = trace.samples.to_pandas()
        inputs = trace.inputs[:]
    for row in found.to_dict("records"):
        assert (row["step"], row["label"]) == tuple(table.loc[row["sample"], ["step", "label"]])
        assert row["nearest_label"] == table.loc[row["nearest_sample"], "label"]
        assert row["distance"] == (inputs[row["sample"]] != inputs[row["nearest_sample"]]).sum()


def test_equal_values_come_as_recorded_and_whole_layers_too(result: Result) -> None:
    found = result.worst("feature_coverage_layer", 7)
    order = found.sort_values(["value", "sample"], kind="stable")
    assert found["sample"].tolist() == order["sample"].tolist()
    assert list(found.columns)[-1] == "value"


def test_samples_with_nothing_before_them_are_not_the_worst(tmp_path: Path) -> None:
    """SISC adherence is 0 for them, which says nothing of their codes."""
    rng, wiring = np.random.default_rng(0), [[0, 1, 2, 3]] * 2
    layer = st.LayerLayout(name="v", num_macs=2, num_cms=3, num_neurons=4, connections=wiring)
    with st.TraceWriter(tmp_path / "run.h5", st.Layout(num_features=4, layers=[layer])) as writer:
        for phase in ("eval", "train", "train", "eval"):
            codes = [rng.integers(4, size=(3, 2, 3))]
            active, inputs = [np.ones((3, 2), bool)], rng.integers(2, size=(3, 4))
            writer.append(inputs=inputs, codes=codes, active=active, phase=phase)
    found = st.analyze(tmp_path / "run.h5", metrics=["sisc_adherence"]).worst("sisc_adherence")
    assert sorted(found["sample"]) == [6, 7, 8, 9, 10, 11]


def test_what_has_no_worst_sample_is_said(result: Result, tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"^basis_average: expected a metric that has a value for each sample, found"
    ):
        result.worst("basis_average")
    with pytest.raises(
        KeyError, match=r"table: expected one of .*, found 'match_acuracy' \(did you mean match_accuracy\?\)"
    ):
        result.worst("match_acuracy")
    with pytest.raises(UsageError, match=r"^n: expected at least 1, found 0"):
        result.worst("match_accuracy", 0)
    with pytest.raises(UsageError, match=r"^layer: expected one of .*, found 'v9'"):
        result.worst("match_accuracy", layer="v9")
    with pytest.raises(UsageError, match="found tables whose trace isn't known"):
        Result(result.paths, skipped={}).worst("match_accuracy")
    copy = tmp_path / "run.h5"
    copy.write_bytes(RUN.read_bytes())
    moved = st.analyze(copy, metrics=["match_accuracy"])
    copy.unlink()
    with pytest.raises(
        TraceError, match="expected the trace that the tables were made from, found no file there"
    ):
        moved.worst("match_accuracy")
