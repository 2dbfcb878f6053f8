"""Do old inputs bring back old codes: by class, and by how near the nearest training input was.

Told as winners that agree, whatever the table's similarity is, and over the last epoch with evaluation, since it came
for the last time: so the means over all samples, and chance, are those of the summary.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sparsey_trace.charts.shared.curves import chances_in
from sparsey_trace.charts.shared.group_means import GroupMeans, group_means
from sparsey_trace.layout import EVAL, NO_LABEL, PHASES
from sparsey_trace.metrics.match_accuracy import MatchAccuracy
from sparsey_trace.tables.open_table import read_columns
from sparsey_trace.tables.provenance import provenance_in
from sparsey_trace.tables.run_totals import last_turn

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sparsey_trace.charts.shared.run import Run

MOST_BINS = 20
"""Of distances."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Matches:
    """One layer's winners that agree over the last epoch with evaluation samples: the mean over its MACs.

    Attributes:
        layer: its number.
        name: its name.
        measure: how distances were measured: `hamming` or `jaccard`.
        samples: how many samples have a value.
        chance: what they would come to against training samples drawn at random; None where that isn't known.
        label: [C] int64, classes in ascending order; `layout.NO_LABEL` stands for samples without one.
        by_class: of the samples of each class.
        low: [B] float64, the shortest distance to the nearest training input in a bin.
        high: [B] float64, the longest one; equal to `low` where a bin holds one distance.
        by_distance: of the samples of each bin.
    """

    layer: int
    name: str
    measure: str
    samples: int
    chance: float | None
    label: NDArray[np.int64]
    by_class: GroupMeans
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    by_distance: GroupMeans


@dataclass(frozen=True, eq=False, kw_only=True)
class SampleMatches:
    """One layer's winners that agree, sample by sample of the last epoch with evaluation samples.

    Attributes:
        layer: its number.
        name: its name.
        measure: how distances were measured: `hamming` or `jaccard`.
        chance: what they would come to against training samples drawn at random; None where that isn't known.
        sample: [n] int64, the samples' numbers.
        label: [n] int64, their labels; `layout.NO_LABEL` where there is none.
        nearest: [n] int64, the numbers of the training samples that they are compared with.
        distance: [n] float32, to the nearest training input.
        value: [n] float64, the mean over MACs.
    """

    layer: int
    name: str
    measure: str
    chance: float | None
    sample: NDArray[np.int64]
    label: NDArray[np.int64]
    nearest: NDArray[np.int64]
    distance: NDArray[np.float32]
    value: NDArray[np.float64]


def sample_matches(run: Run) -> list[SampleMatches]:
    """Each layer's; distances and candidates are those of the run's table.

    They are computed from the trace, as tables by step don't know single samples; take them by `run.once`.

    Raises:
        KeyError: match accuracy can't be computed; the message says why.
    """
    made = provenance_in(run.tables.path(MatchAccuracy.name)) or {}
    if EVAL not in run.steps.phase:
        return []
    metric = MatchAccuracy(**{**made.get("parameters", {}), "similarity": "intersection"})
    tables = run.by_sample(run.trace, metric)  # a name of its own: its files may live as long as it does
    columns = ["sample", "epoch", "label", "layer", "value", "nearest_sample", "distance"]
    table = read_columns(tables.path(MatchAccuracy.name), columns)
    if not len(table):
        return []
    label = table["label"].fill_null(NO_LABEL).to_numpy()
    sample, epoch, number, value, nearest, distance = (
        table[name].to_numpy() for name in columns if name != "label"
    )
    chances = chances_in(tables.path(MatchAccuracy.name))
    # Where no MAC has winners to agree there is no value.
    is_last = (np.arange(len(epoch)) >= last_turn(epoch)) & ~np.isnan(value)
    return [
        SampleMatches(
            layer=index,
            name=layer.name,
            measure=metric.distance,
            chance=chances.get((PHASES[EVAL], index)),
            sample=sample[mine],
            label=label[mine],
            nearest=nearest[mine],
            distance=distance[mine],
            value=value[mine].astype(np.float64),
        )
        for index, layer in enumerate(run.layout.layers)
        if (mine := is_last & (number == index)).any()
    ]


def matches(run: Run) -> list[Matches]:
    """The same by class and by distance; take them by `run.once`."""
    return [_matches(layer) for layer in run.once(sample_matches)]


def _matches(found: SampleMatches) -> Matches:
    classes, of_class = np.unique(found.label, return_inverse=True)
    low, high, by_distance = binned(found.distance, found.value)
    return Matches(
        layer=found.layer,
        name=found.name,
        measure=found.measure,
        chance=found.chance,
        samples=len(found.value),
        label=classes,
        by_class=group_means(of_class, found.value),
        low=low,
        high=high,
        by_distance=by_distance,
    )


def binned(
    along: NDArray[Any], value: NDArray[np.float64], *, most: int = MOST_BINS
) -> tuple[NDArray[np.float64], NDArray[np.float64], GroupMeans]:
    """[B] from where and [B] to where bins of numbers `along` [n] go, and the means of the values [n] in each."""
    numbers, of_number = np.unique(along, return_inverse=True)
    # Bins of about as many samples each, so that none is empty and rare numbers don't look certain.
    rank = np.cumsum(np.bincount(of_number)) - 1
    of_bin = np.unique(rank * most // len(value), return_inverse=True)[1]
    first = np.flatnonzero(np.diff(of_bin, prepend=-1))
    low, high = numbers[first], numbers[np.append(first[1:], len(numbers)) - 1]
    return low.astype(np.float64), high.astype(np.float64), group_means(of_bin[of_number], value)
