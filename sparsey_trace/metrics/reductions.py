"""Reductions: from a value for every MAC to one for a layer, or for the model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.errors import UsageError
from sparsey_trace.support.suggest import unknown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

REDUCTIONS = (
    "layerwise_mean",
    "layerwise_sum",
    "mean",
    "sum",
    "highest_layer",
    "highest_layer_mean",
    "sparse",
)


@dataclass(frozen=True, eq=False)
class Reduced:
    """Values after a reduction, side by side.

    Attributes:
        values: [g, X], a row for each group of samples; int64 where counts stayed counts.
        layer: [X] int16, the layer each column belongs to; None where the reduction removed it.
        mac: [X] int32, the MAC; None where the reduction removed it.
    """

    values: NDArray[Any]
    layer: NDArray[np.int16] | None
    mac: NDArray[np.int32] | None


def reduce(name: str | None, values: Sequence[NDArray[Any]]) -> Reduced:
    """Reduce per-layer values [g, M] (one array a layer) over MACs and layers.

    Sums of int64 stay int64; means are float64, over those that have a value: nan stands for none. Additions go in
    the order of the MACs, so equal values give equal results. Source: "Reductions" in docs/metrics.md.

    Raises:
        UsageError: there is no such reduction.

    >>> layers = [np.array([[1, 3]]), np.array([[4]])]
    >>> reduce("layerwise_mean", layers).values, reduce("mean", layers).values
    (array([[2., 4.]]), array([[3.]]))
    """
    if name is None:
        return _per_mac(values, range(len(values)))
    if name == "highest_layer":
        return _per_mac(values, [len(values) - 1])
    if name in ("layerwise_mean", "layerwise_sum"):
        each = _means(values) if name == "layerwise_mean" else _sums(values)
        return Reduced(each, np.arange(len(values), dtype=np.int16), None)
    if name in ("mean", "highest_layer_mean"):
        each = _means(values if name == "mean" else values[-1:])
        return Reduced(_mean(each)[:, None], None, None)
    if name == "sum":
        return Reduced(_add(_sums(values))[:, None], None, None)
    raise UsageError(unknown("reduction", name, ("none", *REDUCTIONS)))


def _per_mac(values: Sequence[NDArray[Any]], layers: Sequence[int]) -> Reduced:
    chosen = [values[layer] for layer in layers]
    sizes = [part.shape[1] for part in chosen]
    mac = np.concatenate([np.arange(size, dtype=np.int32) for size in sizes])
    return Reduced(np.concatenate(chosen, axis=1), np.repeat(np.asarray(layers, np.int16), sizes), mac)


def _means(values: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
    return np.stack([_mean(part) for part in values], axis=1)


def _mean(values: NDArray[Any]) -> NDArray[np.float64]:
    """[g] the means of [g, M] over the MACs that have a value; nan where none has."""
    known = ~np.isnan(values)
    if known.all():
        return np.asarray(_add(values) / values.shape[1])
    counts = known.sum(axis=1)
    return np.asarray(
        np.divide(
            _add(np.where(known, values, 0)), counts, out=np.full(len(counts), np.nan), where=counts > 0
        )
    )


def _sums(values: Sequence[NDArray[Any]]) -> NDArray[Any]:
    # Of values that aren't there a sum holds nothing.
    return np.stack(
        [_add(part if part.dtype.kind != "f" else np.nan_to_num(part)) for part in values], axis=1
    )


def _add(values: NDArray[Any]) -> NDArray[Any]:
    # Accumulating adds one after the other; plain sums choose an order by the array's shape.
    return np.add.accumulate(values, axis=1)[:, -1]
