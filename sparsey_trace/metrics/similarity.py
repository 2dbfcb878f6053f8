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


ALIKE_BY_ZEROS = "inputs are numbers: how similar they are is told only by which features are 0"
"""What a reader should know of values that depend on the similarity of such inputs."""


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


class PairsOfCodes:
    """Pairs of codes of one layer, which can be compared by several measures."""

    def __init__(
        self,
        layer: LayerLayout,
        codes: NDArray[Any],
        active: NDArray[np.bool_],
        old_codes: NDArray[Any],
        old_active: NDArray[np.bool_],
    ) -> None:
        """From codes [n, M, Q] and activity [n, M], of both."""
        self._layer = layer
        levels = layer.num_cms + 1
        # What a similarity depends on, as a number: there are many pairs, but few kinds of them.
        self._kind = active.astype(np.min_scalar_type(4 * levels))
        self._kind *= 2
        self._kind += old_active
        self._kind *= levels
        # CM by CM: counting along an axis as short as Q takes seven times as long.
        for cm in range(layer.num_cms):
            self._kind += codes[:, :, cm] == old_codes[:, :, cm]

    def similarity(self, measure: CodeMeasure) -> NDArray[np.float64]:
        """[n, M], how alike they are."""
        active, other, agreeing = np.indices((2, 2, self._layer.num_cms + 1))
        of_kinds = code_similarity(
            self._layer,
            measure,
            agreeing=agreeing,
            active=active.astype(np.bool_),
            other=other.astype(np.bool_),
        )
        return np.asarray(of_kinds.ravel()[self._kind], np.float64)
