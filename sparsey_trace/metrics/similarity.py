"""How alike two inputs are, and how alike two codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sparsey_trace.layout import LayerLayout

Measure = Literal["hamming", "jaccard"]

CodeMeasure = Literal["hamming", "jaccard", "intersection"]

CODE_UNITS: dict[CodeMeasure, str] = {
    "hamming": "share of cells",
    "jaccard": "shared cells over cells on in either",
    "intersection": "share of winners",
}
"""What similarities of codes are told in."""


def code_similarity(
    layer: LayerLayout,
    measure: CodeMeasure,
    *,
    agreeing: NDArray[np.integer[Any]],
    active: NDArray[np.bool_],
    other: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """How alike two codes are, as cells: Q * K zeros and ones, all zero where the MAC is silent.

    Args:
        layer: the layer, for Q and K.
        measure: `hamming`, the share of cells that agree; `jaccard`, shared cells over all that are on in either, 0
            where there are none; or `intersection`, the share of winners that agree: 0 where one MAC is silent, nan
            where both are, since nothing came back.
        agreeing: in how many CMs the winners agree.
        active: whether the first MAC is active; of the same shape.
        other: whether the second one is.
    """
    both = active & other
    shared = np.where(both, agreeing, 0)
    on = layer.num_cms * (active.astype(np.int64) + other)
    if measure == "hamming":
        cells = layer.num_cms * layer.num_neurons
        return np.asarray((cells - on + 2 * shared) / cells, np.float64)
    if measure == "intersection":
        return np.asarray(np.where(on > 0, shared / layer.num_cms, np.nan), np.float64)
    return np.asarray(shared / np.maximum(on - shared, 1), np.float64)
