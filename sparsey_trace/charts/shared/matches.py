"""Do old inputs bring back old codes: by class, and by how near the nearest training input was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.parquet as pq

from sparsey_trace.layout import EVAL, NO_LABEL
from sparsey_trace.metrics.match_accuracy import MatchAccuracy
from sparsey_trace.tables.provenance import provenance_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sparsey_trace.charts.shared.run import Run

MOST_BINS = 20
"""Of distances."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Matches:
    """One layer's match accuracy over all evaluation samples, the mean over its MACs.

    Attributes:
        layer: its number.
        name: its name.
        measure: how distances were measured: `hamming` or `jaccard`.
        samples: how many samples were evaluated.
        label: [C] int64, classes in ascending order; `layout.NO_LABEL` stands for samples without one.
        by_class: [C] float64, the mean over the samples of a class.
        class_size: [C] int64, how many these are.
        low: [B] float64, the shortest distance to the nearest training input in a bin.
        high: [B] float64, the longest one; equal to `low` where a bin holds one distance.
        by_distance: [B] float64, the mean over the samples of a bin.
        bin_size: [B] int64, how many these are.
    """

    layer: int
    name: str
    measure: str
    samples: int
    label: NDArray[np.int64]
    by_class: NDArray[np.float64]
    class_size: NDArray[np.int64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    by_distance: NDArray[np.float64]
    bin_size: NDArray[np.int64]


def matches(run: Run) -> list[Matches]:
    """Each layer's match accuracy, with the parameters that the run's table was made with.

    It is computed from the trace, as tables by step don't know single samples; take it by `run.once`.

    Raises:
        KeyError: match accuracy can't be computed; the message says why.
    """
    made = provenance_of(pq.read_schema(run.tables.path(MatchAccuracy.name))) or {}
    if EVAL not in run.steps.phase:
        return []
    metric = MatchAccuracy(**made.get("parameters", {}))
    tables = run.by_sample(run.trace, metric)  # a name of its own: its files may live as long as it does
    columns = ["label", "layer", "value", "distance"]
    table = pq.read_table(tables.path(MatchAccuracy.name), columns=columns)
    label = table["label"].fill_null(NO_LABEL).to_numpy()
    number, value, distance = (table[name].to_numpy() for name in ("layer", "value", "distance"))
    return [
        _matches(
            label[mine],
            value[mine].astype(np.float64),
            distance[mine],
            layer=index,
            name=layer.name,
            measure=metric.distance,
        )
        for index, layer in enumerate(run.layout.layers)
        if (mine := number == index).any()
    ]


def _matches(
    label: NDArray[np.int64], value: NDArray[np.float64], distance: NDArray[np.float64], **layer: Any
) -> Matches:
    """The matches of one layer's samples, n of them: [n] int64 labels, [n] float64 values, [n] distances."""
    classes, of_class = np.unique(label, return_inverse=True)
    distances, of_distance = np.unique(distance, return_inverse=True)
    # Bins of about as many samples each, so that none is empty and rare distances don't look certain.
    rank = np.cumsum(np.bincount(of_distance)) - 1
    of_bin = np.unique(rank * MOST_BINS // len(value), return_inverse=True)[1]
    class_size, bin_size = np.bincount(of_class), np.bincount(of_bin[of_distance])
    first = np.flatnonzero(np.diff(of_bin, prepend=-1))
    return Matches(
        samples=len(value),
        label=classes,
        by_class=np.bincount(of_class, value) / class_size,
        class_size=class_size,
        low=distances[first].astype(np.float64),
        high=distances[np.append(first[1:], len(distances)) - 1].astype(np.float64),
        by_distance=np.bincount(of_bin[of_distance], value) / bin_size,
        bin_size=bin_size,
        **layer,
    )
