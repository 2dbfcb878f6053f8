"""What `compute` returns against every figure of the original's golden runs, each under its own generation's model."""

from __future__ import annotations

from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from sparsey_trace.sparseypy import MetricFactory
from tests.golden_runs import load_golden
from tests.replay.test_golden import ARRAYS, is_train_step, split_name
from tests.sparseypy.standins.replay import final, spring, steps_of

if TYPE_CHECKING:
    from numpy.typing import NDArray


@pytest.mark.parametrize(("name", "array"), ARRAYS)
def test_agrees_with_the_original(name: str, array: str) -> None:
    run, expected = load_golden(name)
    metric, layer, _ = split_name(array)
    values = partial(watched, name, metric)
    found = of_final(values, metric, layer) if name.startswith("final") else of_spring(values, metric, layer)
    original = expected[array]
    if name.startswith("final") and metric == "basis_set_size":
        trained = is_train_step(run)
        found, original = found[trained], original[trained]
    assert found.shape == original.shape
    np.testing.assert_allclose(found, original, rtol=0, atol=1e-6)


def of_spring(values: partial[list[Any]], metric: str, layer: int) -> NDArray[Any]:
    """Every value of a layer is the array's row; only where a step has no value there is none."""
    if metric == "basis_average":
        return np.stack(values()[-1][layer])
    of_layer = [np.asarray(value[layer]) for value in values() if len(value[layer])]
    return np.concatenate(of_layer) if metric == "feature_coverage" else np.stack(of_layer)


def of_final(values: partial[list[Any]], metric: str, layer: int) -> NDArray[Any]:
    """Values are by sample; where the array is by step, they are repeated for each."""
    if metric == "basis_average":
        trained = [value for value in values() if value.unbind()[layer].shape[2] > 1]
        return trained[-1].unbind()[layer][-1].numpy()
    of_layer = [value.unbind()[layer].numpy() for value in values(awake=metric == "feature_coverage")]
    if metric == "basis_set_size":
        assert all((value == value[0]).all() for value in of_layer)
        return np.stack([value[0] for value in of_layer])
    return np.concatenate(of_layer)


@cache
def watched(name: str, metric: str, *, awake: bool = False) -> list[Any]:
    """What the metric returned, by step; `awake` is the final version's coverage, see tests/replay/test_golden.py."""
    run, _ = load_golden(name)
    if awake:
        codes = np.where(run.active[0][:, :, None], run.codes[0], 0)
        run = replace(
            run, codes=(codes, *run.codes[1:]), active=(np.ones_like(run.active[0]), *run.active[1:])
        )
    model = final(run) if name.startswith("final") else spring(run)
    as_large = {"approximation_batch_size": None} if metric in ("match_accuracy", "sisc_adherence") else {}
    online = MetricFactory.create_metric(metric, model=model, **as_large)
    return [
        online.compute(model, batch, model(batch), training) for batch, training, _ in steps_of(run, model)
    ]
