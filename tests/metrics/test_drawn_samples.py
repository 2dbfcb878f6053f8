"""What samples that others are compared with cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

import sparsey_trace as st
from sparsey_trace.kernels.input_pairs import InputPairs
from sparsey_trace.metrics import drawn_samples
from sparsey_trace.metrics.base import Recalled
from sparsey_trace.metrics.sisc_adherence import SiscAdherence
from sparsey_trace.metrics.sisc_curve import SiscCurve
from sparsey_trace.support.bitsets import words_of
from tests.metrics.by_hand import written

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_inputs_are_looked_up_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = (np.random.default_rng(0).random((23, 70)) < 0.5).astype(np.uint8)
    asked: list[int] = []

    def recall(samples: Any, fields: frozenset[str]) -> Recalled:
        assert fields == {"inputs"}
        asked.append(len(samples))
        return Recalled(inputs=inputs[samples], codes=(), active=())

    monkeypatch.setattr(drawn_samples, "_VALUES", 5 * 70)
    samples = np.arange(1, 23)
    found = drawn_samples._recalled_bits(samples, recall)
    np.testing.assert_array_equal(found, words_of(np.packbits(inputs[samples], axis=1)))
    assert asked == [1, 5, 5, 5, 5, 1]


def test_metrics_of_the_same_samples_are_made_in_one_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    run = written(
        tmp_path / "run.h5",
        active=rng.random((12, 2, 2)) < 0.7,
        codes=rng.integers(0, 2, (12, 2, 2)),
        inputs=rng.random((12, 2, 3)) < 0.5,
        phases=("train",) * 8 + ("eval",) * 4,
    )
    compared: list[int] = []
    pairs_of = InputPairs.of.__func__  # type: ignore[attr-defined]
    monkeypatch.setattr(
        InputPairs,
        "of",
        classmethod(lambda cls, *args: compared.append(len(args[0])) or pairs_of(cls, *args)),
    )
    metrics = [SiscAdherence(), SiscCurve()]
    together = st.analyze(run, metrics=metrics, chunk_size=7, n_jobs=2)
    assert sorted(compared) == [3, 7, 7, 7]
    for metric in metrics:
        alone = st.analyze(run, metrics=[metric], chunk_size=24)
        assert together[metric.name].equals(alone[metric.name])
    st.analyze(run, metrics=[metrics[0], SiscCurve(seed=1)], chunk_size=24)
    assert compared[4:] == [24] * 4
