"""Match accuracy of inputs that were stored, against the slow reading of its definition."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as strategies

import sparsey_trace as st
from sparsey_trace.metrics.base import Context
from sparsey_trace.metrics.match_accuracy import MatchAccuracy
from sparsey_trace.metrics.recall import recall_from
from sparsey_trace.tables.provenance import provenance_in
from sparsey_trace.testing import runs
from tests import definitions
from tests.faults import times
from tests.metrics.by_hand import written

if TYPE_CHECKING:
    from pathlib import Path

    from sparsey_trace import Chunk


@given(run=runs(), repeated=strategies.sampled_from(["latest", "first"]))
@settings(max_examples=times(20, 200), deadline=None)
def test_only_inputs_that_were_shown_in_training_are_asked(run: Chunk, repeated: str) -> None:
    metric = MatchAccuracy(exact=True, similarity="intersection", repeated=repeated)
    result = metric.finalize(metric.update(metric.init(run.layout), run), run.layout)
    given_out = metric.values(run, run.layout, Context(result, recall_from(run)))
    expected = {n: same[0 if repeated == "first" else -1] for n, same in shown_before(run).items() if same}
    if given_out is None:
        assert not expected
        return
    assert dict(zip(given_out.sample.tolist(), given_out.extra["nearest_sample"], strict=True)) == expected
    assert not given_out.extra["distance"].any()
    for layer, mac in definitions.all_macs(run.layout):
        found = given_out.values[layer][:, mac]
        for value, (n, r) in zip(found.tolist(), expected.items(), strict=True):
            assert value == pytest.approx(
                definitions.agreement(run, n, r, (layer, mac), similarity="intersection"), nan_ok=True
            )


def shown_before(run: Chunk) -> dict[int, list[int]]:
    """Per eval sample, the train samples of earlier steps that have the same input, value by value."""
    return {
        n: [r for r in definitions.train_before(run, n) if run.inputs[r].tolist() == run.inputs[n].tolist()]
        for n in range(len(run))
        if not definitions.is_train(run, n)
    }


def test_a_summary_has_what_was_recognised_and_no_chance(tmp_path: Path) -> None:
    # The first step is learnt; of the second the first sample comes back, with the code of the first MAC only.
    inputs = [[[1, 0, 0], [0, 1, 1]], [[1, 0, 0], [0, 0, 1]]]
    codes = [[[0, 1], [2, 2]], [[0, 0], [2, 2]]]
    run = written(
        tmp_path / "run.h5",
        active=np.ones((2, 2, 2), int).tolist(),
        codes=codes,
        inputs=inputs,
        phases=("train", "eval"),
    )
    metric = MatchAccuracy(exact=True, similarity="intersection")
    result = st.analyze(run, metrics=[metric], resolution="sample")
    frame = result.to_pandas("match_accuracy")
    assert frame[["sample", "mac", "value", "nearest_sample", "distance"]].to_numpy().tolist() == [
        [2, 0, 1, 0, 0],
        [2, 1, 0, 0, 0],
    ]
    row, winners = result.summary_rows()
    assert (row.now, row.samples, row.chance, winners.now) == (0.5, 1, None, 0.5)


def test_an_empty_input_that_was_shown_is_asked_too(tmp_path: Path) -> None:
    nothing = [[[0, 0, 0]], [[0, 0, 0]]]
    run = written(tmp_path / "run.h5", active=[[[1, 1]], [[1, 1]]], inputs=nothing, phases=("train", "eval"))
    for distance, apart in (("hamming", 0), ("jaccard", 1)):
        metric = MatchAccuracy(exact=True, distance=distance)
        frame = st.analyze(run, metrics=[metric], resolution="sample").to_pandas("match_accuracy")
        assert frame["distance"].tolist() == [apart, apart]


def test_a_bound_that_leaves_no_input_out_is_exact(tmp_path: Path) -> None:
    """Of three different inputs, one of them shown twice; told alike however the run is cut."""
    inputs = np.array([[[1, 0, 0]], [[0, 1, 0]], [[1, 0, 0]], [[0, 0, 1]], [[1, 1, 0]]])
    phases = ("train",) * 4 + ("eval",)
    run = written(tmp_path / "run.h5", active=np.ones((5, 1, 2)), inputs=inputs, phases=phases)
    for size, exact in ((None, True), (2, False), (3, True), (4, True)):
        expected = {"exact": True} if exact else {"exact": False, "reference_size": size}
        for metric in (
            st.metrics.MatchAccuracy(reference_size=size),
            st.metrics.MatchAccuracy(reference_size=size, seed=3),
        ):
            for chunk_size in (1, 5):
                result = st.analyze(run, metrics=[metric], chunk_size=chunk_size)
                assert provenance_in(result.path(metric.name))["notes"] == expected


def test_inputs_that_are_numbers_are_only_compared_by_zeros(tmp_path: Path) -> None:
    """Which a reader of its value, or of what else hangs on how similar inputs are, has to know."""
    active, phases = [[[1, 1]]] * 2, ("train", "eval")
    names = ["match_accuracy", "sisc_adherence", "sisc_curve", "basis_average"]
    numbers = written(tmp_path / "a.h5", active=active, phases=phases, inputs=[[[0.5, 0, 1]]] * 2)
    said = ["inputs are numbers: how similar they are is told only by which features are 0"]
    assert st.analyze(numbers, metrics=names).notes == dict.fromkeys(names[:3], said)
    bits = written(tmp_path / "b.h5", active=active, phases=phases, inputs=[[[1, 0, 1]]] * 2)
    assert st.analyze(bits, metrics=names).notes == {}
