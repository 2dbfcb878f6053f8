"""Code usage of a run that is counted by hand, and where it has no meaning."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest

import sparsey_trace as st
from sparsey_trace.errors import UsageError
from sparsey_trace.metrics.code_usage import CodeUsage
from sparsey_trace.tables.provenance import provenance_in
from sparsey_trace.trace.reading.open_trace import open_trace
from tests.metrics.by_hand import written

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # The first MAC's neurons win 2, 1 and 1 times in training and once in evaluation; the second is silent in training.
    codes = [[[0, 2], [1, 2]], [[0, 2], [2, 2]], [[1, 2], [0, 1]]]
    active = [[[1, 0], [1, 0]], [[1, 0], [1, 0]], [[1, 1], [0, 1]]]
    path = tmp_path_factory.mktemp("usage") / "run.h5"
    return written(path, codes=codes, active=active, phases=("train", "train", "eval"))


def test_wins_of_active_macs_are_counted(run: Path) -> None:
    result = st.analyze(run, metrics=["code_usage"], resolution="run")
    columns = ["phase", "layer", "mac", "cm", "samples", "used", "perplexity", "top"]
    table = result["code_usage"].select(columns).to_pylist()
    assert [list(row.values()) for row in table] == [
        ["train", 0, 0, 0, 4, 3, pytest.approx(2**1.5), 0.5],
        ["train", 0, 1, 0, 0, 0, None, None],
        ["eval", 0, 0, 0, 1, 1, 1.0, 1.0],
        ["eval", 0, 1, 0, 2, 2, 2.0, 0.5],
    ]
    units = {"samples": "samples", "used": "neurons", "perplexity": "neurons", "top": "share of wins"}
    assert provenance_in(result.path("code_usage"))["units"] == units


def test_a_summary_tells_the_perplexity_of_the_last_epoch(run: Path) -> None:
    summary = st.analyze(run, metrics=["code_usage"]).summary()
    assert summary["now"].tolist() == [pytest.approx(2**1.5), pytest.approx(1.5)]
    assert summary["best"].isna().all()
    assert summary["samples"].tolist() == [4, 2]


def test_where_training_went_back_the_last_epoch_is_not_the_highest(tmp_path: Path) -> None:
    """Two neurons won equally often in epoch 0, which came last, three in epoch 1."""
    codes = [[[neuron, 0]] for neuron in (0, 0, 1, 2, 1)]
    active = [[[1, 0]]] * 5
    path = written(tmp_path / "run.h5", codes=codes, active=active, epochs=(0, 1, 1, 1, 0))
    found = st.analyze(path, metrics=["code_usage"])
    assert found["code_usage"]["perplexity"].to_pylist()[::2] == [pytest.approx(2), pytest.approx(3)]
    assert found.summary()[["now", "samples"]].to_numpy().tolist() == [[pytest.approx(2), 2]]
    of_run = st.analyze(path, metrics=["code_usage"], resolution="run").summary()
    assert of_run["samples"].tolist() == [5]


def test_of_many_neurons_only_those_that_won_are_kept(tmp_path: Path) -> None:
    """Counted by neuron they would take 80 MB for each epoch and phase, and as much again for each chunk."""
    layer = st.LayerLayout(name="v", num_macs=50, num_cms=4, num_neurons=50_000, connections=[[0]] * 50)
    rng, path = np.random.default_rng(0), tmp_path / "run.h5"
    codes = rng.choice([0, 3, 49_999], size=(2, 8, 50, 4), p=[0.5, 0.3, 0.2])
    with st.TraceWriter(path, st.Layout(num_features=1, layers=[layer]), inputs="none") as writer:
        for epoch, given in enumerate(codes):
            active = np.ones((8, 50), bool)
            writer.append(inputs=None, codes=[given], active=[active], phase="train", epoch=epoch)
    frame = st.analyze(path, metrics=["code_usage"], chunk_size=3).to_pandas("code_usage")
    assert len(frame) == 400
    for row in frame.iloc[::37].itertuples():
        won = codes[row.epoch, :, row.mac, row.cm]
        times = np.unique(won, return_counts=True)[1]
        perplexity = np.exp(-(times / 8 * np.log(times / 8)).sum())
        assert (row.samples, row.used, row.top) == (8, len(times), times.max() / 8)
        assert row.perplexity == pytest.approx(perplexity)
    with open_trace(path) as trace:
        (state,) = CodeUsage().update({}, trace.chunk(0, 8)).values()
    assert len(state[0]) == sum(len(np.unique(codes[0, :, mac, cm])) for mac in range(50) for cm in range(4))


def test_single_samples_have_none(run: Path) -> None:
    message = "code_usage: resolution: expected step, epoch, run, found 'sample'"
    with pytest.raises(UsageError, match=re.escape(message)):
        st.analyze(run, metrics=["code_usage"], resolution="sample")
    assert st.analyze(run, resolution="sample").skipped["code_usage"] == "it has no resolution 'sample'"
    with pytest.raises(UsageError, match=r"^code_usage: reduction: expected none, found 'sum'"):
        st.analyze(run, metrics=["code_usage"], reduction="sum")
