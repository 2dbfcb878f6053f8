"""Do similar inputs get similar codes: pairs of samples, input similarity against code similarity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.layout import TRAIN
from sparsey_trace.metrics.similarity import code_similarity
from sparsey_trace.pictures.points import evenly

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sparsey_trace.pictures.run import Run

MOST_SAMPLES = 256
"""Drawn for pairs: 32,640 pairs for each MAC."""

BINS = 25
"""On each side of the histogram."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Similarity:
    """One layer's pairs: each MAC that was active for at least one sample of a pair counts it.

    Attributes:
        layer: its number.
        name: its name.
        samples: how many training samples were drawn, evenly over the run.
        of: how many training samples there are.
        edges: [B + 1] float64, of the bins of both similarities, from 0 to 1.
        counts: [B, B] int64, pairs by the Jaccard similarity of their inputs (first) and of their codes, as cells.
        mean: [B] float64, the mean code similarity of the pairs in each bin of input similarity; nan where
            there are none.
    """

    layer: int
    name: str
    samples: int
    of: int
    edges: NDArray[np.float64]
    counts: NDArray[np.int64]
    mean: NDArray[np.float64]


def similarity(run: Run, *, most: int = MOST_SAMPLES) -> list[Similarity]:
    """Each layer's pairs of training samples, from a draw that is the same every time.

    Pairs of different samples count once. MACs that were silent for both samples say nothing of a pair
    and are left out; where one of the two is silent, the similarity is 0.

    Args:
        run: the run.
        most: how many samples are drawn at most.
    """
    train = np.flatnonzero(run.trace.samples.phase[:] == TRAIN)
    drawn = train[evenly(len(train), most)]
    if len(drawn) < 2:
        return []
    first, second = np.triu_indices(len(drawn), 1)
    inputs = _jaccard(run.trace.inputs[drawn] != 0)[first, second]
    return [_layer(run, number, drawn, inputs, of=len(train)) for number in range(len(run.layout.layers))]


def _jaccard(on: NDArray[np.bool_]) -> NDArray[np.float64]:
    """[n, n] float64, shared over joined features of all pairs of [n, D]; 0 where there are none."""
    # Counts are whole numbers far below 2^24, which float32 holds exactly.
    cells = on.astype(np.float32)
    shared = (cells @ cells.T).astype(np.float64)
    size = on.sum(axis=1)
    return np.asarray(shared / np.maximum(size[:, None] + size - shared, 1))


def _layer(
    run: Run, number: int, drawn: NDArray[np.int64], inputs: NDArray[np.float64], *, of: int
) -> Similarity:
    layer, view = run.layout.layers[number], run.trace.layers[number]
    codes, active = view.codes[drawn], view.active[drawn]
    first, second = np.triu_indices(len(drawn), 1)
    edges = np.linspace(0, 1, BINS + 1)
    row = np.minimum((inputs * BINS).astype(np.int64), BINS - 1)
    counts, sums = np.zeros(BINS * BINS, np.int64), np.zeros(BINS)
    for mac in range(layer.num_macs):
        here = np.flatnonzero(active[first, mac] | active[second, mac])
        agreeing = (codes[first[here], mac] == codes[second[here], mac]).sum(axis=-1)
        alike = code_similarity(
            layer,
            "jaccard",
            agreeing=agreeing,
            active=active[first[here], mac],
            other=active[second[here], mac],
        )
        column = np.minimum((alike * BINS).astype(np.int64), BINS - 1)
        counts += np.bincount(row[here] * BINS + column, minlength=BINS * BINS)
        sums += np.bincount(row[here], alike, minlength=BINS)
    table = counts.reshape(BINS, BINS)
    pairs = table.sum(axis=1)
    return Similarity(
        layer=number,
        name=layer.name,
        samples=len(drawn),
        of=of,
        edges=edges,
        counts=table,
        mean=np.divide(sums, pairs, out=np.full(BINS, np.nan), where=pairs > 0),
    )
