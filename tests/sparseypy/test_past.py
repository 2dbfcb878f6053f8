"""What an online metric keeps of the steps before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparsey_trace.sparseypy import MetricFactory, past
from tests.golden_runs import load_golden
from tests.sparseypy.standins.replay import final, replay_of, steps_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

    from sparsey_trace.sparseypy.past import KeptSamples


def shown_again_and_again(times: int) -> Iterator[KeptSamples]:
    """What match accuracy keeps while the same four inputs are trained on, after each time."""
    run, _ = load_golden("final_mnist_rect")
    model = final(run[:4])
    online = MetricFactory.create_metric("match_accuracy", model=model, repeated="latest")
    (batch, _, _), *_ = steps_of(run[:4], model)
    for _ in range(times):
        replay_of(model).now = slice(0, 0)
        model(batch)
        online.compute(model, batch, None)
        yield online._past._kept
    online._past.result()


def test_only_samples_that_can_be_recalled_are_kept() -> None:
    *_, kept = shown_again_and_again(10)
    assert kept.num_loose == 0
    assert kept._settled["number"].tolist() == [36, 37, 38, 39]


def test_training_without_evaluation_keeps_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(past, "_LOOSE", 8)
    most = max(kept.num_settled + kept.num_loose for kept in shown_again_and_again(50))
    assert 8 < most <= 16
