"""Online values against every figure of the original's golden runs, under models of both its versions."""

from __future__ import annotations

from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from sparsey_trace.layout import EVAL
from sparsey_trace.sparseypy import MetricFactory
from tests.golden_runs import load_golden
from tests.replay.test_golden import ARRAYS, IN_FINAL, is_train_step, split_name
from tests.sparseypy.standins.replay import final, spring, steps_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sparsey_trace.chunk import Chunk
    from sparsey_trace.sparseypy import Metric


@pytest.mark.parametrize(("name", "array"), ARRAYS)
def test_agrees_with_the_original(name: str, array: str) -> None:
    run, expected = load_golden(name)
    metric, layer, per = split_name(array)
    watch = partial(watched, name, metric)
    found, original = as_original_has_it(run, watch, metric, layer=layer, per=per), expected[array]
    if name.startswith("final") and metric == "basis_set_size":
        trained = is_train_step(run)
        found, original = found[trained], original[trained]
    assert found.shape == original.shape
    np.testing.assert_allclose(found, original, rtol=0, atol=1e-6)


def as_original_has_it(
    run: Chunk, watch: partial[list[Seen]], metric: str, *, layer: int, per: str
) -> NDArray[Any]:
    """Online values in the shape of the golden array, the stated differences put in."""
    is_final = watch.args[0].startswith("final")
    if metric == "basis_average":
        return np.stack([average.flatten() for average in watch()[-1].value[layer]])
    if metric == "feature_coverage" and not is_final:
        return np.array([seen.by_layer[layer] for seen in watch()])
    if metric == "feature_coverage":
        return np.concatenate([seen.sample_values[layer] for seen in watch(awake=True)])
    if metric == "match_accuracy" and is_final:
        values = np.zeros(run.active[layer].shape)
        values[run.phase == EVAL] = np.concatenate(
            [seen.sample_values[layer] for seen in watch(**IN_FINAL) if seen.sample_values]
        )
        return values
    if per == "per_sample":
        return np.concatenate([seen.sample_values[layer] for seen in watch()])
    return np.array([seen.value[layer] for seen in watch() if seen.value[layer]])


class Seen:
    """What a metric says after a step."""

    def __init__(self, metric: Metric, value: Any) -> None:
        self.value, self.by_layer = value, getattr(metric, "by_layer", None)
        given = getattr(metric, "sample_values", None)
        self.sample_values = None if given is None else given.values


@cache
def watched(name: str, metric: str, *, awake: bool = False, **parameters: str) -> list[Seen]:
    """What the metric said, step by step; `awake` is the final version's coverage, see tests/replay/test_golden.py."""
    run, _ = load_golden(name)
    if awake:
        codes = np.where(run.active[0][:, :, None], run.codes[0], 0)
        run = replace(
            run, codes=(codes, *run.codes[1:]), active=(np.ones_like(run.active[0]), *run.active[1:])
        )
    model = final(run) if name.startswith("final") else spring(run)
    online = MetricFactory.create_metric(metric, model=model, **parameters)
    seen = []
    for batch, training, _ in steps_of(run, model):
        output = model(batch)
        seen.append(Seen(online, online.compute(model, batch, output, training)))
    return seen
