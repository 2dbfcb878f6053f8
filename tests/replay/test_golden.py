"""Every figure of the original's golden runs, against the replay and against the slow reading.

The slow reading agreeing is what makes `tests/reference.py` worth comparing the replay with.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from sparsey_trace.layout import EVAL, TRAIN
from sparsey_trace.metrics import make_metric
from sparsey_trace.replay.analyze import analyze
from sparsey_trace.testing import write_run
from tests.golden_runs import GOLDEN, load_golden
from tests.reference import reference_table

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from sparsey_trace.chunk import Chunk

ARRAYS = [(name, array) for name in GOLDEN for array in load_golden(name)[1]]

IN_FINAL = {"distance": "jaccard", "similarity": "jaccard", "repeated": "first"}
"""How the final version matches; the spring version does it by the defaults."""


@pytest.mark.parametrize("reading", ["replay", "slow"])
@pytest.mark.parametrize(("name", "array"), ARRAYS)
def test_agrees_with_the_original(name: str, array: str, reading: str) -> None:
    run, expected = load_golden(name)
    metric, layer, per = split_name(array)
    table = partial(table_of, reading, name)
    found, original = as_original_has_it(run, table, metric, per=per, layer=layer), expected[array]
    if name.startswith("final") and metric == "basis_set_size":
        trained = is_train_step(run)
        found, original = found[trained], original[trained]
    assert found.shape == original.shape
    np.testing.assert_allclose(found, original, rtol=0, atol=1e-6)


def split_name(array: str) -> tuple[str, int, str]:
    """basis_average_0_final: the metric, the layer, and what there is a value of."""
    digit = next(place for place, letter in enumerate(array) if letter.isdigit())
    metric, layer, per = array[: digit - 1], array[digit], array[digit + 2 :]
    return metric, int(layer), per


def as_original_has_it(
    run: Chunk, table: partial[pd.DataFrame], metric: str, *, per: str, layer: int
) -> NDArray[Any]:
    """Our values in the shape of the golden array, the stated differences put in."""
    final = table.args[1].startswith("final")
    if metric == "basis_average":
        return np.stack(of_layer(table("basis_average", "run"), layer)["average"].to_list())
    if metric == "feature_coverage" and not final:
        return matrix(table("feature_coverage_layer", "sample"), layer)[:, 0]
    if metric == "feature_coverage":
        return matrix(table("feature_coverage", "sample", awake=True), layer)
    if metric == "match_accuracy" and final:
        values = np.zeros(run.active[layer].shape)
        values[run.phase == EVAL] = matrix(table(metric, "sample", **IN_FINAL), layer)
        return values
    return matrix(table(metric, "step" if per == "per_step" else "sample"), layer)


@cache
def table_of(
    reading: str, name: str, metric: str, resolution: str, *, awake: bool = False, **parameters: str
) -> pd.DataFrame:
    run, _ = load_golden(name)
    if awake:
        # The final version's coverage: it also widens what reaches the layers above.
        codes = np.where(run.active[0][:, :, None], run.codes[0], 0)
        run = replace(
            run, codes=(codes, *run.codes[1:]), active=(np.ones_like(run.active[0]), *run.active[1:])
        )
    if reading == "slow":
        return reference_table(metric, run, resolution=resolution, **parameters)
    with tempfile.TemporaryDirectory() as folder:
        write_run(f"{folder}/run.h5", run)
        wanted = make_metric(metric.removesuffix("_layer"), parameters)
        return analyze(f"{folder}/run.h5", metrics=[wanted], resolution=resolution, chunk_size=32).to_pandas(
            metric
        )


def of_layer(table: pd.DataFrame, layer: int) -> pd.DataFrame:
    return table[table["layer"] == layer]


def matrix(table: pd.DataFrame, layer: int) -> NDArray[Any]:
    """[samples or steps, M] values of a layer, from its rows; a layer as a whole is one column."""
    rows = of_layer(table, layer)
    per = "sample" if "sample" in table else "step"
    return rows["value"].to_numpy().reshape(rows[per].nunique(), -1)


def is_train_step(run: Chunk) -> NDArray[Any]:
    """[steps] bool."""
    _, firsts = np.unique(run.step, return_index=True)
    return run.phase[firsts] == TRAIN


def test_every_array_is_compared() -> None:
    # A renamed array would otherwise drop out of the comparison unnoticed.
    counts = {name: len(load_golden(name)[1]) for name in GOLDEN}
    assert counts == {"spring_digits_all_active": 12, "spring_digits_silent": 12, "final_mnist_rect": 18}
