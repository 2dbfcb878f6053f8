"""The evaluation samples whose winners agree least with those of their nearest training samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sparsey_trace.charts.shared.grid import grid_of
from sparsey_trace.charts.shared.matches import sample_matches
from sparsey_trace.charts.shared.pictures import as_picture, joined, picture_shape, shrinking
from sparsey_trace.tables.worst_samples import worst_samples

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sparsey_trace.charts.shared.grid import Grid
    from sparsey_trace.charts.shared.matches import SampleMatches
    from sparsey_trace.charts.shared.run import Run

MOST_SAMPLES = 10

MOST_PIXELS = 200_000
"""Of all pictures of a run together, so that a report's file stays small."""


@dataclass(frozen=True, eq=False, kw_only=True)
class AgreeingCms:
    """How many CMs of a layer's MACs have the winner of the nearest training sample, for each of n samples.

    Attributes:
        layer: its number.
        name: its name.
        grid: where its MACs stand.
        num_cms: Q.
        agreeing: [n, M] int64; 0 where the MAC is active for one of the two samples only.
        active: [n, M] bool, whether the MAC is active for any of the two.
    """

    layer: int
    name: str
    grid: Grid
    num_cms: int
    agreeing: NDArray[np.int64]
    active: NDArray[np.bool_]

    @property
    def macs(self) -> NDArray[np.int64]:
        """[n] int64, how many MACs are active for any of the two samples."""
        return np.asarray(self.active.sum(axis=1))

    @property
    def macs_that_differ(self) -> NDArray[np.int64]:
        """[n] int64, how many of these have other winners in any CM."""
        return np.asarray((self.active & (self.agreeing < self.num_cms)).sum(axis=1))

    @property
    def cms(self) -> NDArray[np.int64]:
        """[n] int64, how many CMs these MACs have."""
        return self.num_cms * self.macs

    @property
    def cms_that_differ(self) -> NDArray[np.int64]:
        """[n] int64, how many of these have another winner."""
        return np.asarray(self.cms - self.agreeing.sum(axis=1))


@dataclass(frozen=True, eq=False, kw_only=True)
class WorstMatches:
    """Samples, worst first.

    Attributes:
        measure: how distances were measured: `hamming` or `jaccard`.
        sample: [n] int64, their numbers.
        nearest: [n] int64, the numbers of the training samples that they are compared with.
        label: [n] int64; `layout.NO_LABEL` where there is none.
        nearest_label: [n] int64, of the training samples.
        distance: [n] float32, between the two inputs.
        value: [n] float64, the share of winners that agree: the mean over layers.
        pictures: [n, H, W] float32, their inputs; see `pictures.picture_shape`.
        nearest_pictures: [n, H, W] float32, those of the training samples.
        shrink: into one of how many pixels, in height and in width, those of an input were joined.
        layers: of each layer that has a value for any sample, which CMs agree.
    """

    measure: str
    sample: NDArray[np.int64]
    nearest: NDArray[np.int64]
    label: NDArray[np.int64]
    nearest_label: NDArray[np.int64]
    distance: NDArray[np.float32]
    value: NDArray[np.float64]
    pictures: NDArray[np.float32]
    nearest_pictures: NDArray[np.float32]
    shrink: int
    layers: Sequence[AgreeingCms]


def worst_matches(run: Run) -> WorstMatches | None:
    """Those of the last evaluation, as `Result.worst` has them; None where no sample has a value.

    Raises:
        KeyError: match accuracy can't be computed; the message says why.
    """
    found = run.once(sample_matches)
    if not found:
        return None
    every = {name: np.concatenate([getattr(one, name) for one in found]) for name in ("sample", "value")}
    sample, value = worst_samples(every["sample"], every["value"], best="highest", n=MOST_SAMPLES)
    nearest, distance = _compared_with(found, sample)
    labels = run.trace.samples.label
    pictures, shrink = _pictures(run, np.concatenate([sample, nearest]))
    return WorstMatches(
        measure=found[0].measure,
        sample=sample,
        nearest=nearest,
        label=labels[sample],
        nearest_label=labels[nearest],
        distance=distance,
        value=value,
        pictures=pictures[: len(sample)],
        nearest_pictures=pictures[len(sample) :],
        shrink=shrink,
        layers=[_agreeing(run, one.layer, sample, nearest) for one in found],
    )


def _compared_with(
    found: Sequence[SampleMatches], sample: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """[n] nearest samples and [n] distances: the same for all layers, but a layer may lack a sample."""
    every = np.concatenate([one.sample for one in found])
    first = np.array([np.flatnonzero(every == one)[0] for one in sample.tolist()])
    nearest, distance = (
        np.concatenate([getattr(one, name) for one in found]) for name in ("nearest", "distance")
    )
    return nearest[first], distance[first]


def _pictures(run: Run, samples: NDArray[np.int64]) -> tuple[NDArray[np.float32], int]:
    """[n, H, W] float32, and how far their pixels were joined; one input at a time is in memory as it is."""
    shrink = shrinking(len(samples) * int(np.prod(picture_shape(run.layout))), MOST_PIXELS)
    found = [
        joined(as_picture(run.trace.inputs[sample], run.layout)[None], shrink) for sample in samples.tolist()
    ]
    return np.concatenate(found), shrink


def _agreeing(run: Run, layer: int, sample: NDArray[np.int64], nearest: NDArray[np.int64]) -> AgreeingCms:
    view, layout = run.trace.layers[layer], run.layout.layers[layer]
    active, other = view.active[sample], view.active[nearest]
    same = (view.codes[sample] == view.codes[nearest]).sum(axis=2)
    return AgreeingCms(
        layer=layer,
        name=layout.name,
        grid=grid_of(layout),
        num_cms=layout.num_cms,
        agreeing=np.where(active & other, same, 0),
        active=active | other,
    )
