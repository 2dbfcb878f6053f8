"""How alike two inputs are, and how alike two codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sparsey_trace.layout import LayerLayout

Measure = Literal["hamming", "jaccard"]


def shared_features(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> NDArray[np.float32]:
    """[a, b] float32, how many features are on in both, for all pairs of [a, D] and [b, D]."""
    # A matrix product of zeros and ones is exact in float32 up to 2^24 features, in any order.
    return first.astype(np.float32) @ second.astype(np.float32).T


def input_similarity(
    shared: NDArray[np.float32], first: NDArray[Any], second: NDArray[Any]
) -> NDArray[np.float64]:
    """Jaccard similarity, 0 where nothing is on in either.

    Args:
        shared: [a, b], how many features are on in both.
        first: [a], how many are on in the first.
        second: [b], how many are on in the second.

    Returns:
        [a, b] float64.
    """
    joined = first[:, None].astype(np.float64) + second[None, :] - shared
    similarity: NDArray[np.float64] = np.zeros(joined.shape)
    np.divide(shared, joined, out=similarity, where=joined > 0)
    return similarity


def code_similarity(
    layer: LayerLayout,
    measure: Measure,
    *,
    agreeing: NDArray[np.integer[Any]],
    active: NDArray[np.bool_],
    other: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """How alike two codes are, as cells: Q * K zeros and ones, all zero where the MAC is silent.

    Args:
        layer: the layer, for Q and K.
        measure: `hamming`, the share of cells that agree; or `jaccard`, shared cells over all that
            are on in either, 0 where there are none.
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
    return np.asarray(shared / np.maximum(on - shared, 1), np.float64)
