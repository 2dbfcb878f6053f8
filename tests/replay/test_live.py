"""A run that is followed shows what an analysis of it would, and no sample is read twice for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sparsey_trace.replay import live
from sparsey_trace.replay.analyze import analyze
from sparsey_trace.replay.live import LiveRun
from sparsey_trace.trace.reading.open_trace import open_trace
from sparsey_trace.trace.reading.trace import Trace
from sparsey_trace.trace.writing.writer import TraceWriter
from tests.trace.feed import LAYOUT, feed

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from sparsey_trace.replay.live import Now


@pytest.fixture(autouse=True, params=[(40, 7), (40, 1000), (1000, 11)], ids=str)
def sizes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over how many samples the pace is told, and how many are read at once: steps are cut."""
    lately, at_once = request.param
    monkeypatch.setattr(live, "LATELY", lately)
    monkeypatch.setattr(live, "chunk_samples", lambda *_: at_once)


def check(now: Now, path: Path) -> None:
    """See that it is what an analysis says of the same samples."""
    result = analyze(path, metrics=["basis_set_size", "num_activations", "feature_coverage"])
    activations = result.to_pandas("num_activations").query("phase == 'train'")
    with open_trace(path) as trace:
        samples, time = trace.samples.to_pandas(), trace.samples.time[:]
    assert (now.samples, now.steps) == (len(samples), samples["step"].nunique())
    assert (now.epoch, now.phase, now.time) == (
        samples["epoch"].iloc[-1],
        samples["phase"].iloc[-1],
        time[-1],
    )
    since = samples["step"].iloc[-min(len(samples), live.LATELY)]
    summary = result.summary(phase="train").set_index(["metric", "layer"])
    told, over = summary["now"], summary["samples"]
    for index, layer in enumerate(now.layers):
        ever = of_layer(activations, index).groupby("mac")["value"].sum()
        assert layer.silent == (ever == 0).sum()
        assert layer.basis_set_size == told["basis_set_size", index]
        assert layer.active == told["num_activations", index]
        assert layer.coverage == told["feature_coverage", index]
        assert layer.samples == over["num_activations", index]
    first = int((samples["step"] < since).sum())
    if first:
        assert now.rate == pytest.approx((len(samples) - first) / (time[-1] - time[first - 1]))


def of_layer(table: pd.DataFrame, index: int) -> pd.DataFrame:
    return table[table["layer"] == index]


def test_it_shows_what_an_analysis_shows_and_reads_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run.h5"
    spans, original = [], Trace.chunk
    with TraceWriter(path, LAYOUT) as writer:
        feed(writer, 3, range(2))
        writer.commit()
        with open_trace(path) as trace:

            def chunk(self: Trace, start: int, stop: int, **fields: frozenset[str]) -> object:
                if self is trace:
                    spans.append((start, stop))
                return original(self, start, stop, **fields)

            monkeypatch.setattr(Trace, "chunk", chunk)
            followed = LiveRun(trace)
            check(followed.catch_up(), path)
            for first, last in ((2, 3), (3, 30), (30, 31), (31, 90)):
                feed(writer, 3, range(first, last))
                writer.commit()
                now = followed.catch_up()
                assert not now.closed
                check(now, path)
                assert followed.catch_up() == now
            writer.close()
            now = followed.catch_up()
            assert now.closed
            check(now, path)
    assert [start for start, _ in spans] == [0, *(stop for _, stop in spans[:-1])]
    assert spans[-1][1] == now.samples


def test_a_trace_without_a_sample_is_shown_as_such(tmp_path: Path) -> None:
    with TraceWriter(tmp_path / "run.h5", LAYOUT):
        pass
    with open_trace(tmp_path / "run.h5") as trace:
        now = LiveRun(trace).catch_up()
    assert (now.samples, now.steps, now.epoch, now.phase, now.time, now.rate) == (
        0,
        0,
        None,
        None,
        None,
        None,
    )
    told = [(layer.basis_set_size, layer.active, layer.samples, layer.silent) for layer in now.layers]
    assert told == [(None, None, 0, None)] * 2


def test_without_inputs_there_is_no_coverage(tmp_path: Path) -> None:
    with TraceWriter(tmp_path / "run.h5", LAYOUT, inputs="none") as writer:
        writer.append(
            inputs=None,
            codes=[np.zeros((2, layer.num_macs, layer.num_cms), int) for layer in LAYOUT.layers],
            active=[np.ones((2, layer.num_macs), bool) for layer in LAYOUT.layers],
            phase="train",
        )
    with open_trace(tmp_path / "run.h5") as trace:
        now = LiveRun(trace).catch_up()
    assert [layer.coverage for layer in now.layers] == [None, None]
    assert (now.rate, now.layers[0].active, now.layers[0].basis_set_size) == (None, 1.0, 1.0)
