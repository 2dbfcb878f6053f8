"""Online is offline on generated runs: nasty layouts, inputs that repeat, phases in any order."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import assume, given, settings

from sparsey_trace.metrics import drawn_samples
from sparsey_trace.metrics.base import Context, SampleMetric
from sparsey_trace.metrics.recall import recall_from
from sparsey_trace.sparseypy import MetricFactory, past
from sparsey_trace.tables.chunk_values import chunk_values
from sparsey_trace.testing import runs
from tests.faults import times
from tests.sparseypy.standins.replay import final, replay_of, spring, steps_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

    from sparsey_trace.chunk import Chunk
    from sparsey_trace.metrics.base import Metric
    from tests.sparseypy.standins.build import StandIn


WATCHES: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in sorted(MetricFactory.allowed_metrics - {"basis_average"})),
    ("match_accuracy", {"repeated": "first", "distance": "jaccard"}),
    ("match_accuracy", {"approximation_batch_size": 2, "seed": 3}),
    ("match_accuracy", {"approximation_batch_size": 1, "repeated": "first"}),
    ("sisc_adherence", {"approximation_batch_size": 3, "seed": -1}),
]


@pytest.mark.parametrize("loose", [0, 1024])
@given(run=runs())
@settings(max_examples=times(3, 15), deadline=None)
def test_values_per_mac(loose: int, run: Chunk) -> None:
    """All metrics watch one model at once."""
    run = with_one_zero(run)
    for kind in (spring, final):
        model = kind(run)
        online = [
            MetricFactory.create_metric(name, model=model, **parameters) for name, parameters in WATCHES
        ]
        offline = [by_step(metric.definition, run) for metric in online]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(past, "_LOOSE", loose)
            for batch, training, number in numbered_steps(run, model):
                model(batch)
                for metric, values in zip(online, offline, strict=True):
                    metric.compute(model, batch, None, training)
                    assert np.concatenate(metric.by_mac).tolist() == values.get(number, []), metric.definition


@given(run=runs())
@settings(max_examples=times(3, 15), deadline=None)
def test_basis_averages(run: Chunk) -> None:
    run = with_one_zero(run)
    for kind in (spring, final):
        model = kind(run)
        online = MetricFactory.create_metric("basis_average", model=model)
        definition, layout = online.definition, run.layout
        for batch, training, _ in numbered_steps(run, model):
            model(batch)
            online.compute(model, batch, None, training)
            so_far = definition.update(definition.init(layout), run[: replay_of(model).now.stop])
            expected = np.array(definition.finalize(so_far, layout)["average"].to_pylist(), np.float32)
            assert np.array_equal(online._averages().numpy(), expected)


@given(run=runs())
@settings(max_examples=times(3, 15), deadline=None)
def test_adherence_draws_from_where_a_run_gets_long(run: Chunk) -> None:
    run = with_one_zero(run)
    limit = 6
    for kind in (spring, final):
        model = kind(run)
        online = MetricFactory.create_metric("sisc_adherence", model=model, approximation_batch_size=None)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(drawn_samples, "EXACT_UP_TO", limit)
            patch.setattr(drawn_samples, "DRAWN_BEYOND", 4)
            offline = by_step(online.definition, run)
            for batch, training, number in numbered_steps(run, model):
                model(batch)
                online.compute(model, batch, None, training)
                trained = np.count_nonzero(run.is_train[: replay_of(model).now.stop])
                if trained > limit or np.count_nonzero(run.is_train) <= limit:
                    assert np.concatenate(online.by_mac).tolist() == offline[number]


def numbered_steps(run: Chunk, model: StandIn) -> Iterator[tuple[Tensor, bool, int]]:
    """Each step's batch, whether it is training, and its number."""
    steps = steps_of(run, model)
    for (batch, training, _), number in zip(steps, np.unique(run.step).tolist(), strict=True):
        yield batch, training, number


def by_step(metric: Metric, run: Chunk) -> dict[int, list[float]]:
    """The values of all MACs by the number of their step, from the run as a whole."""
    assert isinstance(metric, SampleMetric)
    result = metric.finalize(metric.update(metric.init(run.layout), run), run.layout)
    values = metric.values(run, run.layout, Context(result, recall_from(run)))
    if values is None:
        return {}
    groups = chunk_values(metric, values, run, resolution="step", reduction=None).macs
    values = groups.values() if metric.counts else groups.values().astype(np.float32)
    return dict(zip(groups.step.tolist(), values.tolist(), strict=True))


def with_one_zero(run: Chunk) -> Chunk:
    """A run that has samples, without -0: zeros and ones that come before real values are kept as such.

    The models take numbers as float32, and so is what watches them compared with.
    """
    assume(len(run) > 0)
    assert run.inputs is not None
    inputs = run.inputs if run.inputs.dtype == np.uint8 else run.inputs.astype(np.float32)
    return replace(run, inputs=inputs + inputs.dtype.type(0))
