"""The slow reading of the definitions against every figure of the original's golden runs.

This is what makes `tests/reference.py` worth comparing with: the original system says the same.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from sparsey_trace.layout import EVAL, TRAIN
from tests.golden_runs import GOLDEN, load_golden
from tests.reference import reference_table

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from sparsey_trace.layout import Chunk

ARRAYS = [(name, array) for name in GOLDEN for array in load_golden(name)[1]]

IN_FINAL = {"distance": "jaccard", "similarity": "jaccard", "repeated": "first"}
"""How the final version matches; the spring version does it by the defaults."""


@pytest.mark.parametrize(("name", "array"), ARRAYS)
def test_agrees_with_the_original(name: str, array: str) -> None:
    run, expected = load_golden(name)
    metric, layer, per = split_name(array)
    found, original = as_original_has_it(run, name, metric, per=per, layer=layer), expected[array]
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


def as_original_has_it(run: Chunk, name: str, metric: str, *, per: str, layer: int) -> NDArray[Any]:
    """The reference's values in the shape of the golden array, the stated differences put in."""
    final = name.startswith("final")
    if metric == "basis_average":
        return np.stack(of_layer(table_of(name, "basis_average", "run"), layer)["average"].to_list())
    if metric == "feature_coverage" and not final:
        return matrix(table_of(name, "feature_coverage_layer", "sample"), layer)[:, 0]
    if metric == "feature_coverage":
        return matrix(coverage_of_final(name), layer)
    if metric == "match_accuracy" and final:
        values = np.zeros(run.active[layer].shape)
        values[run.phase == EVAL] = matrix(table_of(name, metric, "sample", **IN_FINAL), layer)
        return values
    resolution = "step" if per == "per_step" else "sample"
    return matrix(table_of(name, metric, resolution), layer)


@cache
def table_of(name: str, metric: str, resolution: str, **parameters: str) -> pd.DataFrame:
    return reference_table(metric, load_golden(name)[0], resolution=resolution, **parameters)


@cache
def coverage_of_final(name: str) -> pd.DataFrame:
    """As if all MACs of layer 0 were active, which also widens what reaches the layers above."""
    run, _ = load_golden(name)
    awake = replace(run, active=(np.ones_like(run.active[0]), *run.active[1:]))
    return reference_table("feature_coverage", awake, resolution="sample")


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
